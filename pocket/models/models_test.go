package models

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestShippedModels(t *testing.T) {
	want := []string{
		"pocket-0.1m", "pocket-0.3m", "pocket-0.8m", "pocket-2m", "pocket-prm", "pocket-prm-0.3m", "pocket-prm-biased",
		"pocket-reviser", "pocket-thinker",
	}
	if diff := cmp.Diff(want, List()); diff != "" {
		t.Error(diff)
	}
	size := 0
	for _, name := range List() {
		file, err := File(name)
		if err != nil {
			t.Fatal(err)
		}
		size += len(file)
	}
	if size > 25<<20 {
		t.Errorf("%d bytes together, want at most 25 MB", size)
	}
	if _, err := Open("gpt-2"); err == nil || !strings.Contains(err.Error(), "pocket-0.3m") {
		t.Errorf("unknown model: %v", err)
	}
	if _, err := Open("pocket-prm"); err == nil {
		t.Error("a reward model was opened as a policy")
	}
}

// A search needs policies that solve some problems and fail others.
func TestPoliciesAreRightAndWrong(t *testing.T) {
	for name, want := range map[string]struct{ least, most float64 }{"pocket-0.3m": {.2, .9}, "pocket-0.8m": {.5, .995}} {
		m, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if id := m.Identity(); id.Name != name || id.Parameters < 300_000 || len(id.SHA256) != 64 {
			t.Errorf("%s has identity %+v", name, id)
		}
		e := pocket.NewEngine(m, pocket.Options{})
		defer e.Close()
		right, n := 0.0, 0.0
		for _, steps := range []int{1, 4, 8} {
			ps, err := problems.Take(20, problems.Options{Split: problems.Validation, Seed: 1, NSteps: steps})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				r := pocket.Request{Prompt: p.Prompt(), Seeds: []uint64{1}, MaxTokens: 160}
				for c, err := range e.Generate(t.Context(), r) {
					if err != nil {
						t.Fatal(err)
					}
					n++
					if strings.HasSuffix("\n"+c.Text(), "\nA:"+p.Answer) {
						right++
					}
				}
			}
		}
		if share := right / n; share < want.least || share > want.most {
			t.Errorf("%s solves %.2f greedily, want %.2f to %.2f", name, share, want.least, want.most)
		}
	}
}

// A right step scores above the same step with a wrong result.
func TestRewardModelSeparatesRightFromWrong(t *testing.T) {
	rm, err := OpenRewardModel("pocket-prm", pocket.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ps, err := problems.Take(40, problems.Options{Split: problems.Validation, Seed: 2, NSteps: 2})
	if err != nil {
		t.Fatal(err)
	}
	better := 0
	for _, p := range ps {
		right, _, err := rm.Score(t.Context(), p.Text, p.Lines())
		if err != nil {
			t.Fatal(err)
		}
		lines := p.Lines()
		lines[1] = lines[1][:strings.Index(lines[1], "=")+1] + p.Answer + "7"
		wrong, _, err := rm.Score(t.Context(), p.Text, lines)
		if err != nil {
			t.Fatal(err)
		}
		if wrong[0] != right[0] {
			t.Errorf("%q: the score of a step depends on later steps: %v, %v", p.Text, right[0], wrong[0])
		}
		if right[1] > wrong[1] {
			better++
		}
	}
	if better < 36 {
		t.Errorf("%d of 40 right steps score above a wrong one, want at least 36", better)
	}
}

// A reward model without a head gives each step the probability that the policy reported
// when it generated the step.
func TestLikelihoodIsThatOfThePolicy(t *testing.T) {
	rm, err := OpenRewardModel("pocket-0.3m-likelihood", pocket.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if id := rm.Identity(); id.Name != "pocket-0.3m-likelihood" || rm.Aggregator() != "prod" {
		t.Errorf("got %q with %q, want pocket-0.3m-likelihood with prod", id.Name, rm.Aggregator())
	}
	m, err := Open("pocket-0.3m")
	if err != nil {
		t.Fatal(err)
	}
	e := pocket.NewEngine(m, pocket.Options{Workers: 1})
	defer e.Close()
	ps, err := problems.Take(1, problems.Options{Split: problems.Validation, Seed: 3, NSteps: 3})
	if err != nil {
		t.Fatal(err)
	}
	r := pocket.Request{Prompt: ps[0].Prompt(), MaxTokens: 160, Seeds: []uint64{1, 2, 3}, Temperature: 1}
	for c, err := range e.Generate(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, s := range c.Steps {
			steps = append(steps, s.Text)
		}
		scores, _, err := rm.Score(t.Context(), ps[0].Text, steps)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range c.Steps {
			if got, want := math.Log(scores[i]), s.LogProb; math.Abs(got-want) > 1e-3 {
				t.Errorf("step %q: log-likelihood %v, want the policy's %v", s.Text, got, want)
			}
		}
	}
}
