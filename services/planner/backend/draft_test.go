package backend

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// Thinking that ends at the child's own limit or at the end of the context is truncated:
// the policy is not made to answer, and the child is not finished.
func TestCutByAnotherLimitStaysCut(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	r := ask(1)
	r.Sampling.MaxTokens = 8
	backend := Think(policyOnly(saying(format, pocketSays)), Thinking{Mode: ModeForce, Max: 20}, format)
	got, err := children(t.Context(), backend, r)
	if err != nil || got[0].Finish != reasoning.FinishLength || reasoning.Join(got[0].Steps) != "1+2=3\n3+" {
		t.Errorf("got %+v and error %v, want a child truncated at 8 tokens", got, err)
	}
}

// A budget that ends between the parts of a child leaves the child truncated, with all its
// usage, and fails the search's call.
func TestBudgetSpentBetweenParts(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for tokens, want := range map[int64]string{
		8:  "1+2=3\n3+",
		14: "1+2=3\n3+4=7\nWait\n",
		16: "1+2=3\n3+4=7\nWait\n3+",
		22: "1+2=3\n3+4=7\nWait\n3+4=8\n#\n",
		24: "1+2=3\n3+4=7\nWait\n3+4=8\n#\nA:",
	} {
		m := Meter(policyOnly(saying(format, pocketSays)), Budget{PolicyTokens: tokens},
			reasoning.Model{}, reasoning.Model{})
		got, err := children(t.Context(), Think(m, Thinking{Mode: ModeForce, Max: 40, Waits: 1}, format), ask(1))
		if !errors.Is(err, search.ErrSpent) || len(got) != 1 {
			t.Errorf("%d tokens: got %d children and error %v, want one and ErrSpent", tokens, len(got), err)
			continue
		}
		text, billed := reasoning.Join(got[0].Steps), m.Bill().Policy.Generated
		if text != want || got[0].Finish != reasoning.FinishLength || billed != tokens {
			t.Errorf("%d tokens: got %q by %v, billed %d; want %q, truncated",
				tokens, text, got[0].Finish, billed, want)
		}
	}
}

// A child that its own limit truncates is not rejected: its thinking is not too long.
func TestCutByItsOwnLimitIsNotRejected(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	p := saying(format, pocketSays)
	r := ask(1)
	r.Sampling.MaxTokens = 8
	got, err := children(t.Context(), Think(policyOnly(p), Thinking{Mode: ModeReject, Max: 20}, format), r)
	if err != nil || got[0].Finish != reasoning.FinishLength || len(p.Calls()) != 1 {
		t.Errorf("got %+v after %d calls and error %v, want a truncated child after one", got, len(p.Calls()), err)
	}
}

// A span counts the steps that the policy generates, without forced or suppressed text.
func TestForcedStepsAreNotCounted(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	r := ask(1)
	r.Span = 3
	backend := Think(policyOnly(saying(format, pocketSays)), Thinking{Mode: ModeForce, Waits: 1}, format)
	got, err := children(t.Context(), backend, r)
	want := "1+2=3\n3+4=7\nWait\n3+4=8\n"
	if err != nil || reasoning.Join(got[0].Steps) != want || got[0].Finish != reasoning.FinishStep {
		t.Errorf("got %+v and error %v, want %q", got, err, want)
	}
}

// If a model ends its text in the requested step while it should think on, one more step is
// requested, not the whole rest.
func TestWaitAtTheEndOfTheTextIsAStep(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	p := &policytest.Script{Reply: func(r policy.Request, _ int) policytest.Reply {
		return policytest.Reply{Child: policy.Child{
			Steps: []reasoning.Step{{Text: "1+2=3\n", Tokens: 7}}, Finish: reasoning.FinishEnd,
		}}
	}}
	r := ask(1)
	r.Span = 1
	got, err := children(t.Context(), Think(policyOnly(p), Thinking{Mode: ModeForce, Waits: 1}, format), r)
	want := "1+2=3\nWait\n1+2=3\n#\n"
	if err != nil || reasoning.Join(got[0].Steps) != want || got[0].Finish != reasoning.FinishStep {
		t.Errorf("got %+v and error %v, want %q", got, err, want)
	}
	for _, c := range p.Calls() {
		if c.Request.Span != 1 {
			t.Errorf("%d steps were requested, want 1", c.Request.Span)
		}
	}
}

// Children that are steps share the bound of their path, and the path has the text of the
// whole sample.
func TestStepsShareThePathsBudget(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, test := range []struct {
		how  Thinking
		want []string
	}{
		{Thinking{Max: 8}, []string{"1+2=3\n", "3+\n#\nA:3\n"}},
		{Thinking{Max: 6}, []string{"1+2=3\n", "#\nA:5\n"}},
		{Thinking{Waits: 1}, []string{"1+2=3\n", "3+4=7\n", "Wait\n3+4=8\n", "#\n", "A:8\n"}},
		{Thinking{Waits: 1, Max: 16}, []string{"1+2=3\n", "3+4=7\n", "Wait\n3+\n#\nA:9\n"}},
	} {
		test.how.Mode = ModeForce
		w := Think(policyOnly(saying(format, pocketSays)), test.how, format)
		r := ask(1)
		r.Span = 1
		var got []string
		for {
			steps, err := children(t.Context(), w, r)
			if err != nil {
				t.Fatalf("%+v after %q: %v", test.how, got, err)
			}
			got = append(got, reasoning.Join(steps[0].Steps))
			if steps[0].Finish != reasoning.FinishStep {
				break
			}
			r.Steps = append(r.Steps, reasoning.Texts(steps[0].Steps)...)
			r.Node = strings.TrimPrefix(r.Node+".0", ".")
		}
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%+v (-got +want):\n%s", test.how, diff)
		}
		whole := think(t, policyOnly(saying(format, pocketSays)), test.how, format)
		if text := reasoning.Join(whole.Steps); text != strings.Join(got, "") {
			t.Errorf("%+v: step by step %q, want %q as in one child", test.how, got, text)
		}
	}
}

// "Rejection sampling: sampling until a generation fits a predetermined compute
// budget" (s1, §3.1): rejected tries are billed, and there are at most MaxTries.
func TestRejectedThinkingIsSampledAgain(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, test := range []struct {
		fits   int // the try whose thinking fits, from 1
		calls  int
		finish reasoning.Finish
		cost   int64
	}{
		{1, 2, reasoning.FinishEnd, 8 + 5},
		{3, 4, reasoning.FinishEnd, 2*10 + 8 + 5},
		{99, MaxTries, reasoning.FinishLength, MaxTries * 10},
	} {
		tries := 0
		p := saying(format, map[string]string{"": "1+2=3\n#\nA:3\n", "1+2=3\n#\n": "A:3\n"})
		short := p.Reply
		p.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			if len(r.Steps) == 0 {
				if tries++; tries < test.fits {
					return saying(format, pocketSays).Reply(r, ordinal)
				}
			}
			return short(r, ordinal)
		}
		got := think(t, policyOnly(p), Thinking{Mode: ModeReject, Max: 10}, format)
		calls := len(p.Calls())
		if calls != test.calls || got.Finish != test.finish || got.Usage.Generated != test.cost {
			t.Errorf("fits at try %d: %d calls, finished by %v for %d tokens; want %d, %v, %d",
				test.fits, calls, got.Finish, got.Usage.Generated, test.calls, test.finish, test.cost)
		}
		seeds := map[reasoning.Seed]bool{}
		for _, c := range p.Calls() {
			seeds[c.Request.Seed.Child(0)] = true
		}
		if len(seeds) != test.calls {
			t.Errorf("%d calls with %d seeds, want one each", test.calls, len(seeds))
		}
	}
}
