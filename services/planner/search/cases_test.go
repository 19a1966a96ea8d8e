package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// allStrategies returns every strategy, of n samples.
func allStrategies(n int) []Strategy {
	m := min(n, 4)
	return []Strategy{
		Greedy{},
		Majority{N: n, Exhaustive: true},
		BestOfN{N: n},
		Beam{N: n, M: m, MaxLevels: 40},
		Lookahead{N: n, M: m, K: 2, MaxLevels: 40},
		DVTS{N: n, M: m, MaxLevels: 40},
		Rebase{N: n, Balance: 0.2, MaxLevels: 40},
		MCTS{N: n, Width: m, Parallel: m, Exploration: 1, Final: FinalVote, MaxLevels: 40},
		Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: 40},
		Revisions{N: n, Chains: m},
	}
}

// A variant is a strategy with other parameters than allStrategies has.
type variant struct {
	Strategy
	name string
}

func (v variant) Name() string { return v.name }

// inFlight begins the names of variants that stop while samples are being generated. Their
// trees do not depend on timing; the states of the samples that are not in the tree do.
const inFlight = "majority-in-flight"

// allVariants returns the variants, of n samples.
func allVariants(n int) []Strategy {
	m := min(n, 4)
	puct := MCTS{N: n, Width: m, Parallel: m, PUCT: true, Exploration: 1, Final: FinalVisits, MaxLevels: 40}
	rollout := MCTS{N: n, Width: m, Parallel: m, Exploration: 1, Rollout: true, Final: FinalValue, MaxLevels: 40}
	both := MCTS{N: n, Width: m, Parallel: 1, PUCT: true, Exploration: 2, Rollout: true, Final: FinalVote, MaxLevels: 3}
	gibbs := Particles{N: n, Iterations: min(n, 2), Temperature: 0.5, Sample: true, MaxLevels: 40}
	return []Strategy{
		variant{Majority{N: n}, inFlight},
		variant{Majority{N: n, Wave: m}, "majority-waves"},
		variant{Majority{N: n, Wave: m, Confidence: 0.8}, "majority-asc"},
		variant{Majority{N: n, Confidence: 0.8}, inFlight + "-asc"},
		variant{Beam{N: n, M: m, MaxLevels: 40, Narrow: true}, "beam-narrow"},
		variant{Beam{N: n, M: m, MaxLevels: 40, Dedupe: true}, "beam-dedupe"},
		variant{Beam{N: n, M: 1, MaxLevels: 3, Narrow: true, Dedupe: true}, "beam-narrow-dedupe"},
		variant{DVTS{N: n, M: m, K: 1, MaxLevels: 40}, "dvts-lookahead"},
		variant{Rebase{N: n, Balance: 0.2, Exact: true, MaxLevels: 40}, "rebase-exact"},
		variant{puct, "mcts-puct-visits"},
		variant{rollout, "mcts-rollout-value"},
		variant{both, "mcts-puct-rollout"},
		variant{gibbs, "particles-gibbs"},
		variant{Revisions{N: n, Chains: m, Flat: true}, "revisions-flat"},
		variant{Revisions{N: n, Chains: 1, NoVerifier: true}, "revisions-unscored"},
		variant{Revisions{N: n, Chains: m, Feedback: true}, "revisions-feedback"},
	}
}

// forEachStrategy runs a test of every strategy and every variant, of n samples.
func forEachStrategy(t *testing.T, n int, test func(t *testing.T, s Strategy)) {
	for _, s := range slices.Concat(allStrategies(n), allVariants(n)) {
		t.Run(s.Name(), func(t *testing.T) { test(t, s) })
	}
}

// looksAhead reports whether s scores steps by their rollouts.
func looksAhead(s Strategy) bool { return s.Name() == "lookahead" || s.Name() == "dvts-lookahead" }

// isRollout reports whether n is a rollout of s: the first child of a step is one if s looks ahead.
func isRollout(s Strategy, n *Node) bool {
	return looksAhead(s) && n.Depth > 1 && n.Ordinal == 0
}

// wantsScore reports whether s has n scored.
func wantsScore(s Strategy, n *Node) bool {
	return s.NeedsVerifier() && (!looksAhead(s) || !n.Open() || isRollout(s, n))
}

// combination is the problem of most tests: it opens a searchtest.Lock.
const combination = "31415"

func newProblem(text string) Problem {
	return Problem{
		Tenant: "t", Search: "s", Text: text, Seed: 9, Aggregator: verifier.AggregatorMin,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64}, Extract: searchtest.Extract,
	}
}

// mustRun returns the tree that s grows. It fails the test if Run returns an error.
func mustRun(t *testing.T, b Backend, s Strategy) *Tree {
	t.Helper()
	tree := New(b, newProblem(combination))
	if spent, err := Run(t.Context(), tree, s); spent || err != nil {
		t.Fatalf("%s: budget spent: %t, error: %v", s.Name(), spent, err)
	}
	return tree
}

// outline formats a tree: each node's id, text, value and state, and a star for finalists.
func outline(t *Tree) string {
	var b strings.Builder
	for n := range t.Nodes() {
		value := "-"
		if n.Scored {
			value = fmt.Sprintf("%.3f", n.Value)
		}
		star := ""
		if slices.Contains(t.Finalists, n) {
			star = " *"
		}
		indent := strings.Repeat("  ", n.Depth-1)
		fmt.Fprintf(&b, "%s%s %q %s %v%s\n", indent, n.ID, reasoning.Join(n.Steps), value, n.State, star)
	}
	return b.String()
}

// levelsOf returns a tree's nodes by depth, beginning with depth 1.
func levelsOf(t *Tree) [][]*Node {
	levels := [][]*Node{nil}
	for n := range t.Nodes() {
		for len(levels) <= n.Depth {
			levels = append(levels, nil)
		}
		levels[n.Depth] = append(levels[n.Depth], n)
	}
	return levels[1:]
}

// stepsOf returns how many steps of the combination a child of r has.
func stepsOf(r policy.Request) int {
	remaining := len(r.Problem) - len(r.Steps)
	if r.Span == policy.Whole {
		return remaining
	}
	return min(remaining, r.Span)
}
