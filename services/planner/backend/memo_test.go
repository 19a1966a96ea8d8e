package backend

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// identity is that of the models of a searchtest.Lock.
var identity = Identity{
	Tenant:      "t",
	Policy:      reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6},
	RewardModel: searchtest.RewardModel,
}

// problem returns the problem of a search that opens a lock.
func problem(id string) search.Problem {
	return search.Problem{
		Tenant: "t", Search: id, Text: "31415", Seed: 9,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64},
	}
}

// A second search, by another strategy and another planner, replays the samples of the first;
// the same search again requests nothing and costs the same.
func TestMemoReplaysSearches(t *testing.T) {
	ctx := t.Context()
	store := NewMemory(1 << 20)
	lock := searchtest.NewLock(0.6, nil)
	run := func(id string, s search.Strategy) (bill reasoning.Bill, expanded []policy.Request, scored int) {
		callsBefore, scoredBefore := len(lock.Calls()), len(lock.ScoreRequests())
		w := Meter(Memo(Retry(lock, Backoff{}), store, identity), Budget{}, identity.Policy, identity.RewardModel.Model)
		if _, err := search.Run(ctx, search.New(w, problem(id)), s); err != nil {
			t.Fatal(err)
		}
		for _, c := range lock.Calls()[callsBefore:] {
			expanded = append(expanded, c.Request)
		}
		return w.Bill(), expanded, len(lock.ScoreRequests()) - scoredBefore
	}
	best, beam := search.BestOfN{N: 16}, search.Beam{N: 16, M: 4, MaxLevels: 40}
	firstBest, requested, _ := run("a", best)
	if len(requested) != 1 {
		t.Fatalf("best-of-16 sent %d requests, want one", len(requested))
	}
	firstBeam, requested, _ := run("b", beam)
	if len(requested) == 0 {
		t.Fatal("the beam requested nothing, want its later levels")
	}
	for _, r := range requested {
		if r.Depth() == 0 {
			t.Errorf("the beam requested children %v of the root, want none: best-of-16 has them", r.Ordinals)
		}
	}
	for name, again := range map[string]struct {
		s     search.Strategy
		first reasoning.Bill
	}{"best": {best, firstBest}, "beam": {beam, firstBeam}} {
		bill, requested, scored := run("again", again.s)
		if len(requested) != 0 || scored != 0 {
			t.Errorf("%s again: requested %d expansions and %d scores, want none", name, len(requested), scored)
		}
		if diff := cmp.Diff(bill, again.first); diff != "" {
			t.Errorf("%s again: bill (-got +want):\n%s", name, diff)
		}
	}
	small, requested, scored := run("c", search.BestOfN{N: 4})
	if len(requested) != 0 || scored != 0 || small.Policy.Generated >= firstBest.Policy.Generated {
		t.Errorf("best-of-4 after best-of-16: requested %d expansions and %d scores, bill %+v, want a part of best-of-16",
			len(requested), scored, small)
	}
}

// After any requests, a memo returns what the policy itself would return.
func TestMemoIsTransparent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lock := searchtest.NewLock(0.5, nil)
		m := Memo(lock, NewMemory(rapid.IntRange(0, 1<<16).Draw(t, "bytes")), identity)
		for range rapid.IntRange(1, 12).Draw(t, "requests") {
			r := ask(0)
			r.Ordinals = rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 1, 5, rapid.ID).Draw(t, "ordinals")
			r.Span = rapid.IntRange(0, 6).Draw(t, "span")
			r.Sampling.MaxTokens = rapid.IntRange(1, 12).Draw(t, "max tokens")
			if rapid.Bool().Draw(t, "deeper") {
				r.Node, r.Steps = "0", []string{"3\n"}
			}
			got, err := children(t.Context(), m, r)
			if err != nil {
				t.Fatal(err)
			}
			want, err := children(t.Context(), lock, r)
			if err != nil {
				t.Fatal(err)
			}
			byOrdinal := cmpopts.SortSlices(func(a, b policy.Child) bool { return a.Ordinal < b.Ordinal })
			// Which child pays for the prefix depends on which is the first.
			generated := cmp.Transformer("generated", func(u reasoning.Usage) int64 { return u.Generated })
			if diff := cmp.Diff(got, want, byOrdinal, generated); diff != "" {
				t.Fatalf("%+v (-got +want):\n%s", r, diff)
			}
		}
	})
}

func TestMemoFit(t *testing.T) {
	step := func(texts ...string) (steps []reasoning.Step) {
		for _, s := range texts {
			steps = append(steps, reasoning.Step{Text: s, Tokens: 10})
		}
		return steps
	}
	cut := recorded{Steps: step("a"), Finish: reasoning.FinishStep, Usage: reasoning.Usage{Generated: 10, Prompt: 5, FLOPs: 15e6 * 2}}
	paid := reasoning.Usage{Generated: 31, Prompt: 5, FLOPs: 36e6 * 2}
	whole := recorded{Steps: step("a", "b", "c"), Finish: reasoning.FinishEnd, Usage: paid}
	open := recorded{Steps: step("a", "b"), Finish: reasoning.FinishStep, Usage: paid}
	free := recorded{Steps: whole.Steps, Finish: whole.Finish}
	for name, test := range map[string]struct {
		rec       recorded
		span, max int
		want      *recorded
	}{
		"whole is whole":             {whole, policy.Whole, 30, &whole},
		"end before the span":        {whole, 7, 30, &whole},
		"cut to a step":              {whole, 1, 30, &cut},
		"the cut fits the limit":     {whole, 1, 10, &cut},
		"longer than the limit":      {whole, policy.Whole, 29, nil},
		"cut longer than the limit":  {whole, 2, 19, nil},
		"open is not whole":          {open, policy.Whole, 99, nil},
		"as many steps":              {open, 2, 20, &open},
		"not as many steps":          {open, 3, 99, nil},
		"a free sample's cut is too": {free, 1, 30, &recorded{Steps: step("a"), Finish: reasoning.FinishStep}},
	} {
		r := ask(1)
		r.Span, r.Sampling.MaxTokens = test.span, test.max
		got, ok := Memo(nil, nil, identity).fit(test.rec, r)
		if ok != (test.want != nil) {
			t.Errorf("%s: fits: got %t, want %t", name, ok, !ok)
		} else if ok {
			if diff := cmp.Diff(got, *test.want); diff != "" {
				t.Errorf("%s (-got +want):\n%s", name, diff)
			}
		}
	}
}

// Recorded children are yielded at once and in order; the others are one request.
func TestMemoPartOfARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, func(policy.Request, int) time.Duration { return time.Second })
		m := Memo(lock, NewMemory(1<<20), identity)
		first := ask(6)
		first.Ordinals = []int{1, 4}
		if _, err := children(t.Context(), m, first); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var after []time.Duration
		var got []int
		for c, err := range m.Expand(t.Context(), ask(6)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.Ordinal)
			after = append(after, time.Since(start))
		}
		if want := []int{1, 4, 0, 2, 3, 5}; !slices.Equal(got, want) {
			t.Errorf("got children %v, want %v", got, want)
		}
		if want := []time.Duration{0, 0, 1e9, 1e9, 1e9, 1e9}; !slices.Equal(after, want) {
			t.Errorf("they were yielded after %v, want %v", after, want)
		}
		if calls := lock.Calls(); len(calls) != 2 || !slices.Equal(calls[1].Request.Ordinals, []int{0, 2, 3, 5}) {
			t.Errorf("got calls %+v, want one for the rest", calls)
		}
	})
}

// A child that a limit cut is replayed for the same request, and its whole steps for any that
// needs no more.
func TestMemoOfCutChild(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	m := Memo(lock, NewMemory(1<<20), identity)
	for _, test := range []struct {
		span, max int
		hit       bool
		finish    reasoning.Finish
	}{
		{policy.Whole, 4, false, reasoning.FinishLength}, // two digits, and no token for more
		{2, 4, false, reasoning.FinishStep},
		{policy.Whole, 5, false, reasoning.FinishLength}, // two digits and a half
		{policy.Whole, 5, true, reasoning.FinishLength},
		{policy.Whole, 4, true, reasoning.FinishLength},
		{policy.Whole, 6, false, reasoning.FinishLength},
		{2, 64, true, reasoning.FinishStep},
		{1, 2, true, reasoning.FinishStep},
		{3, 64, false, reasoning.FinishStep},
		{policy.Whole, 3, false, reasoning.FinishLength}, // shorter: the three digits stay
		{3, 64, true, reasoning.FinishStep},
		{policy.Whole, 64, false, reasoning.FinishEnd},
		{policy.Whole, 5, true, reasoning.FinishLength},
		{policy.Whole, 7, false, reasoning.FinishLength},
		{policy.Whole, 64, true, reasoning.FinishEnd},
	} {
		before := len(lock.Calls())
		r := ask(1)
		r.Span, r.Sampling.MaxTokens = test.span, test.max
		got, err := children(t.Context(), m, r)
		if err != nil {
			t.Fatal(err)
		}
		if hit := len(lock.Calls()) == before; hit != test.hit || got[0].Finish != test.finish {
			t.Errorf("span %d, %d tokens: replayed %t and finish %v, want %t and %v",
				test.span, test.max, hit, got[0].Finish, test.hit, test.finish)
		}
	}
}

// A sample of a difficulty estimate costs nothing in its own search, and has its scores; in
// others it has its usage.
func TestMemoRecord(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	store := NewMemory(1 << 20)
	r := ask(2)
	probe, err := children(t.Context(), lock, r)
	if err != nil {
		t.Fatal(err)
	}
	path := verifier.Request{Problem: r.Problem, Steps: reasoning.Texts(probe[0].Steps)}
	scores, err := lock.Score(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	paid := probe[0].Usage
	for i, s := range scores.Scores {
		probe[0].Steps[i].Score, probe[0].Steps[i].Scored = s, true
	}
	m := Memo(lock, store, identity)
	for _, c := range probe { // the second without scores
		if err := m.Record(t.Context(), r.Problem, r.Seed, r.Sampling, c); err != nil {
			t.Fatal(err)
		}
	}
	expanded, scored := len(lock.Calls()), len(lock.ScoreRequests())

	got, err := children(t.Context(), m, r)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Usage != (reasoning.Usage{}) || got[1].Usage != (reasoning.Usage{}) || got[0].Steps[0].Scored {
		t.Errorf("replayed as %+v, want it free and not scored", got)
	}
	result, err := m.Score(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(result, verifier.Result{Scores: scores.Scores}); diff != "" {
		t.Errorf("scores (-got +want):\n%s", diff)
	}
	got, err = children(t.Context(), Memo(lock, store, identity), r)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Usage != paid {
		t.Errorf("to another search it costs %+v, want %+v", got[0].Usage, paid)
	}
	if len(lock.Calls()) != expanded || len(lock.ScoreRequests()) != scored {
		t.Error("a recorded sample was requested again")
	}
	path.Steps = reasoning.Texts(probe[1].Steps)
	if _, err := m.Score(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if len(lock.ScoreRequests()) != scored+1 {
		t.Error("a sample without scores was not scored")
	}
}
