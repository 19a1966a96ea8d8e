package search

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// attemptsShown returns the attempts that the policy was shown, by the node of the request.
func attemptsShown(b scripted) map[string][]string {
	attempts := map[string][]string{}
	for _, c := range b.Calls() {
		attempts[c.Request.Node] = c.Request.Attempts
	}
	return attempts
}

// "sample the next revision conditioned on the […] most recent four revised answers" (Snell
// et al. 2024, §6.1), oldest first.
func TestRevisionsAreShownTheLastFour(t *testing.T) {
	b := bySpec(1, func(id string) spec { return spec{text: string('a' + rune(strings.Count(id, ".")))} })
	mustRun(t, b, Revisions{N: 7, Chains: 1})
	wantEqual(t, "attempts shown", attemptsShown(b), map[string][]string{
		"":            nil,
		"0":           {"a\n"},
		"0.0":         {"a\n", "b\n"},
		"0.0.0":       {"a\n", "b\n", "c\n"},
		"0.0.0.0":     {"a\n", "b\n", "c\n", "d\n"},
		"0.0.0.0.0":   {"b\n", "c\n", "d\n", "e\n"},
		"0.0.0.0.0.0": {"c\n", "d\n", "e\n", "f\n"},
	})
	for _, c := range b.Calls() {
		if r := c.Request; r.Span != policy.Whole || len(r.Steps) > 0 || len(r.Ordinals) != 1 {
			t.Errorf("node %q: requested %d children of %d steps after %q, want a whole one from the beginning",
				r.Node, len(r.Ordinals), r.Span, r.Steps)
		}
	}
}

// "N attempts in concurrent Chains": N chains are best-of-N, 1 chain is fully sequential (Snell et
// al. 2024, §6.2).
func TestRevisionsRatio(t *testing.T) {
	for chains, want := range map[int][]int{8: {8}, 4: {4, 4}, 2: {2, 2, 2, 2}, 1: {1, 1, 1, 1, 1, 1, 1, 1}} {
		wantEqual(t, "levels", levelSizes(mustRun(t, searchtest.NewLock(0.5, nil), Revisions{N: 8, Chains: chains})), want)
	}
	flat := mustRun(t, searchtest.NewLock(0.5, nil), Revisions{N: 8, Chains: 8, Flat: true})
	if outline(flat) != outline(mustRun(t, searchtest.NewLock(0.5, nil), BestOfN{N: 8})) {
		t.Error("8 chains of 1 attempt are not best-of-8")
	}
}

// contest returns a backend of three chains of three attempts, for which choosing in two steps
// and choosing at once have different winners.
func contest() scripted {
	return bySpec(1, func(id string) spec {
		return map[string]spec{
			"0": {text: "1", score: 0.3}, "0.0": {text: "2", score: 0.5}, "0.0.0": {text: "2", score: 0.51},
			"1": {text: "2", score: 0.3}, "1.0": {text: "3", score: 0.61}, "1.0.0": {text: "3", score: 0.6},
			"2": {text: "1", score: 0.7}, "2.0": {text: "4", score: 0.1}, "2.0.0": {text: "5", score: 0.1},
		}[id]
	})
}

// "we first select the best answer within each revision chain […] using best-of-N weighted,
// and then across chains" (Snell et al. 2024, §6.1): within chains, answer 2 has weight 1.01 and
// its rival 0.3, 3 has 1.21 and its rival 0.3, 1 has 0.7 and its rivals 0.1; across chains, 1 has
// 0.7, 3 has 0.61, 2 has 0.51. "Flat chooses among all attempts at once": 2 has 1.31, 3 has 1.21,
// 1 has 1.0.
func TestRevisionsChoose(t *testing.T) {
	for _, test := range []struct {
		name      string
		s         Revisions
		finalists []string // for each chain, the best-scored attempt that has the chain's answer
		answer    string
	}{
		{"in two steps", Revisions{}, []string{"0.0.0", "1.0", "2"}, "1"},
		{"flat", Revisions{Flat: true}, nil, "2"},
		{"by majority in two steps", Revisions{NoVerifier: true}, []string{"0.0", "1.0", "2"}, "2"},
		{"by majority, flat", Revisions{NoVerifier: true, Flat: true}, nil, "2"},
	} {
		test.s.N, test.s.Chains = 9, 3
		p := newProblem(combination)
		p.Aggregator = 0 // AggregatorMin
		tree := New(contest(), p)
		if _, err := Run(t.Context(), tree, test.s); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, test.name+": finalists", idsOf(tree.Finalists...), test.finalists)
		choice := Choice{}
		if test.s.NeedsVerifier() {
			choice.By = ByMin
		}
		ranked, err := choice.Rank(slices.Collect(tree.Solutions()), identity)
		if err != nil || ranked[0].Answer != test.answer {
			t.Errorf("%s: got %+v and error %v, want answer %s", test.name, ranked, err, test.answer)
		}
	}
}

// "An attempt that a token limit cut is not shown to later ones", which are shown the attempts
// before it.
func TestRevisionsCut(t *testing.T) {
	b := bySpec(1, func(id string) spec {
		if id == "0.0" {
			return spec{text: "cut", finish: reasoning.FinishLength}
		}
		return spec{text: "whole"}
	})
	tree := mustRun(t, b, Revisions{N: 4, Chains: 1})
	wantEqual(t, "attempts shown", attemptsShown(b), map[string][]string{
		"": nil, "0": {"whole\n"}, "0.0": {"whole\n"}, "0.0.0": {"whole\n", "whole\n"},
	})
	wantEqual(t, "finalists", idsOf(tree.Finalists...), []string{"0"})
}

// "Feedback appends to each attempt that the policy is shown, as text, its score and the first
// step that scores below 0.5", and nothing to an attempt without scores.
func TestRevisionsFeedback(t *testing.T) {
	b := bySpec(3, func(id string) spec { return spec{text: "A:" + strconv.Itoa(len(id))} })
	scores := map[string][]float64{"0": {0.9, 0.5, 0.49}, "0.0": {0.5, 0.8, 1}, "0.0.0.0": {0, 0.7, 0.2}}
	b.verifier.Reply = func(r verifier.Request) verifiertest.Reply {
		if scores[r.Node] == nil {
			return verifiertest.Reply{Err: errors.New("no scores")}
		}
		return verifiertest.Reply{Scores: scores[r.Node]}
	}
	reply := b.Reply
	b.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		out := reply(r, ordinal)
		out.Child.Steps[0].Text = "first\n\n"
		return out
	}
	mustRun(t, b, Revisions{N: 5, Chains: 1, Feedback: true})
	first := "first\n\n\nA:1\nA verifier gives this attempt 0.49 of 1 and doubts it from this step on: A:1\n"
	second := "first\n\n\nA:3\nA verifier gives this attempt 0.50 of 1 and doubts none of its steps\n"
	third := "first\n\n\nA:5\n"
	fourth := "first\n\n\nA:7\nA verifier gives this attempt 0.00 of 1 and doubts it from this step on: first\n"
	wantEqual(t, "attempts shown", attemptsShown(b), map[string][]string{
		"": nil, "0": {first}, "0.0": {first, second}, "0.0.0": {first, second, third},
		"0.0.0.0": {first, second, third, fourth},
	})
	for _, c := range b.verifier.Calls() {
		if strings.Contains(strings.Join(c.Request.Steps, ""), "verifier") {
			t.Errorf("scored %q, want only text that the policy generated", c.Request.Steps)
		}
	}
}

// A chain that fails ends and keeps its attempts, and the other chains continue.
func TestRevisionsChainFails(t *testing.T) {
	broke := errors.New("engine broke")
	tree := mustRun(t, bySpec(1, func(id string) spec {
		if id == "0.0" {
			return spec{fails: broke}
		}
		return spec{}
	}), Revisions{N: 6, Chains: 2})
	wantEqual(t, "levels", levelSizes(tree), []int{2, 1, 1})
	wantEqual(t, "finalists", idsOf(tree.Finalists...), []string{"0", "1.0"}) // 1.0 and 1.0.0 have one text
	wantEqual(t, "faults", tree.Faults(), []string{"some branches failed: engine broke (1 times)"})
}
