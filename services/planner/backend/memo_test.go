package backend

import (
	"context"
	"errors"
	"iter"
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

var who = Identity{Tenant: "t", Policy: reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}, RewardModel: searchtest.RewardModel}

func problem(id string) search.Problem {
	return search.Problem{Tenant: "t", Search: id, Text: "31415", Seed: 9, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64}}
}

// A second search, by another strategy and another planner, replays the samples of
// the first; and the same search again asks nothing at all and costs the same.
func TestMemoReplaysSearches(t *testing.T) {
	ctx := t.Context()
	store := NewMemory(1 << 20)
	lock := searchtest.NewLock(0.6, nil)
	run := func(id string, s search.Strategy) (bill reasoning.Bill, expanded []policy.Request, scored int) {
		callsBefore, heardBefore := len(lock.Calls()), len(lock.ScoreRequests())
		w := Meter(Memo(Retry(lock, Backoff{}), store, who), Budget{}, who.Policy, who.RewardModel.Model)
		if _, err := search.Run(ctx, search.New(w, problem(id)), s); err != nil {
			t.Fatal(err)
		}
		for _, c := range lock.Calls()[callsBefore:] {
			expanded = append(expanded, c.Request)
		}
		return w.Bill(), expanded, len(lock.ScoreRequests()) - heardBefore
	}
	best, beam := search.BestOfN{N: 16}, search.Beam{N: 16, M: 4, MaxLevels: 40}
	firstBest, asked, _ := run("a", best)
	if len(asked) != 1 {
		t.Fatalf("best-of-16 asked %d times, want once", len(asked))
	}
	firstBeam, asked, _ := run("b", beam)
	if len(asked) == 0 {
		t.Fatal("the beam asked nothing, want its later levels")
	}
	for _, r := range asked {
		if r.Depth() == 0 {
			t.Errorf("the beam asked for children %v of the root, want none: best-of-16 wrote them", r.Ordinals)
		}
	}
	for name, again := range map[string]struct {
		s     search.Strategy
		first reasoning.Bill
	}{"best": {best, firstBest}, "beam": {beam, firstBeam}} {
		bill, asked, scored := run("again", again.s)
		if len(asked) != 0 || scored != 0 {
			t.Errorf("%s again: asked for %d expansions and %d scores, want none", name, len(asked), scored)
		}
		if diff := cmp.Diff(bill, again.first); diff != "" {
			t.Errorf("%s again: bill (-got +want):\n%s", name, diff)
		}
	}
	small, asked, scored := run("c", search.BestOfN{N: 4})
	if len(asked) != 0 || scored != 0 || small.Policy.Generated >= firstBest.Policy.Generated {
		t.Errorf("best-of-4 after best-of-16: asked for %d expansions and %d scores, bill %+v, want a part of best-of-16", len(asked), scored, small)
	}
}

// Whatever was asked before, a memo says what the policy itself would say.
func TestMemoIsTransparent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lock := searchtest.NewLock(0.5, nil)
		m := Memo(lock, NewMemory(rapid.IntRange(0, 1<<16).Draw(t, "bytes")), who)
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
			// Which child pays for the prefix depends on which comes first.
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
	paid := reasoning.Usage{Generated: 31, Prompt: 5, FLOPs: 36e6 * 2}
	whole := recorded{step("a", "b", "c"), reasoning.FinishEnd, paid}
	open := recorded{step("a", "b"), reasoning.FinishStep, paid}
	for name, test := range map[string]struct {
		rec       recorded
		span, max int
		want      *recorded
	}{
		"whole is whole":             {whole, policy.Whole, 30, &whole},
		"end before the span":        {whole, 7, 30, &whole},
		"cut to a step":              {whole, 1, 30, &recorded{step("a"), reasoning.FinishStep, reasoning.Usage{Generated: 10, Prompt: 5, FLOPs: 15e6 * 2}}},
		"the cut fits the limit":     {whole, 1, 10, &recorded{step("a"), reasoning.FinishStep, reasoning.Usage{Generated: 10, Prompt: 5, FLOPs: 15e6 * 2}}},
		"longer than the limit":      {whole, policy.Whole, 29, nil},
		"cut longer than the limit":  {whole, 2, 19, nil},
		"open is not whole":          {open, policy.Whole, 99, nil},
		"as many steps":              {open, 2, 20, &open},
		"not as many steps":          {open, 3, 99, nil},
		"a free sample's cut is too": {recorded{whole.Steps, whole.Finish, reasoning.Usage{}}, 1, 30, &recorded{step("a"), reasoning.FinishStep, reasoning.Usage{}}},
	} {
		r := ask(1)
		r.Span, r.Sampling.MaxTokens = test.span, test.max
		got, ok := Memo(nil, nil, who).fit(test.rec, r)
		if ok != (test.want != nil) {
			t.Errorf("%s: fits: got %t, want %t", name, ok, !ok)
		} else if ok {
			if diff := cmp.Diff(got, *test.want); diff != "" {
				t.Errorf("%s (-got +want):\n%s", name, diff)
			}
		}
	}
}

// What is recorded comes at once and in order; the rest is asked for in one request.
func TestMemoPartOfARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, func(policy.Request, int) time.Duration { return time.Second })
		m := Memo(lock, NewMemory(1<<20), who)
		first := ask(6)
		first.Ordinals = []int{1, 4}
		if _, err := children(t.Context(), m, first); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var came []time.Duration
		var got []int
		for c, err := range m.Expand(t.Context(), ask(6)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.Ordinal)
			came = append(came, time.Since(start))
		}
		if want := []int{1, 4, 0, 2, 3, 5}; !slices.Equal(got, want) {
			t.Errorf("got children %v, want %v", got, want)
		}
		if want := []time.Duration{0, 0, 1e9, 1e9, 1e9, 1e9}; !slices.Equal(came, want) {
			t.Errorf("they came after %v, want %v", came, want)
		}
		if calls := lock.Calls(); len(calls) != 2 || !slices.Equal(calls[1].Request.Ordinals, []int{0, 2, 3, 5}) {
			t.Errorf("got calls %+v, want one for the rest", calls)
		}
	})
}

// A child that a limit cut answers the same request again, and its whole steps any
// that they are enough for.
func TestMemoOfCutChild(t *testing.T) {
	lock := searchtest.NewLock(0.5, nil)
	m := Memo(lock, NewMemory(1<<20), who)
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
			t.Errorf("span %d, %d tokens: replayed %t and finish %v, want %t and %v", test.span, test.max, hit, got[0].Finish, test.hit, test.finish)
		}
	}
}

// A sample that difficulty paid for is free to the search that it was taken for,
// with its scores; to others it costs what it cost.
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
	m := Memo(lock, store, who)
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
	got, err = children(t.Context(), Memo(lock, store, who), r)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Usage != paid {
		t.Errorf("to another search it costs %+v, want %+v", got[0].Usage, paid)
	}
	if len(lock.Calls()) != expanded || len(lock.ScoreRequests()) != scored {
		t.Error("a recorded sample was asked for again")
	}
	if _, err := m.Score(t.Context(), verifier.Request{Problem: r.Problem, Steps: reasoning.Texts(probe[1].Steps)}); err != nil {
		t.Fatal(err)
	}
	if len(lock.ScoreRequests()) != scored+1 {
		t.Error("a sample without scores was not scored")
	}
}

// broken is a Store that fails.
type broken struct {
	Store
	get, put error
}

func (b broken) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if b.get != nil {
		return nil, false, b.get
	}
	return b.Store.Get(ctx, key)
}

func (b broken) Put(ctx context.Context, items ...Item) error {
	if b.put != nil {
		return b.put
	}
	return b.Store.Put(ctx, items...)
}

// A store that cannot be written costs the recording, and one that cannot be read the
// results.
func TestMemoStoreFails(t *testing.T) {
	fault := errors.New("disk fault")
	path := verifier.Request{Problem: "31415", Steps: []string{"3\n"}}
	for name, test := range map[string]struct {
		store broken
		want  error
	}{
		"put": {broken{NewMemory(1 << 20), nil, fault}, nil},
		"get": {broken{NewMemory(1 << 20), fault, nil}, fault},
	} {
		m := Memo(searchtest.NewLock(0.5, nil), test.store, who)
		var unrecorded []error
		m.Unrecorded = func(err error) { unrecorded = append(unrecorded, err) }
		got, err := children(t.Context(), m, ask(2))
		if !errors.Is(err, test.want) || len(got) != 2 && test.want == nil {
			t.Errorf("%s: got %d children and error %v, want %v", name, len(got), err, test.want)
		}
		if _, err := m.Score(t.Context(), path); !errors.Is(err, test.want) {
			t.Errorf("%s: score: got error %v, want %v", name, err, test.want)
		}
		if err := m.Record(t.Context(), "31415", 1, ask(1).Sampling, policy.Child{}); err != nil {
			t.Errorf("%s: record: %v", name, err)
		}
		if name == "put" && len(unrecorded) != 4 {
			t.Errorf("%s: %d results were not recorded, want 4", name, len(unrecorded))
		}
		for _, err := range unrecorded {
			if !errors.Is(err, fault) {
				t.Errorf("%s: got %v, want the store's", name, err)
			}
		}
	}
	store := NewMemory(1 << 20)
	m := Memo(searchtest.NewLock(0.5, nil), store, who)
	for c, err := range m.Expand(t.Context(), ask(2)) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := store.Get(context.Background(), childKey(m.prefixKey(ask(2)), ask(2), c.Ordinal)); !ok {
			t.Errorf("child %d came before it was stored", c.Ordinal)
		}
	}
	for key := range store.byKey {
		if err := store.Put(context.Background(), Item{key, []byte("rust")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := children(t.Context(), m, ask(2)); err == nil {
		t.Error("a damaged record was no error")
	}
}

// Errors and misjudgements are not recorded.
func TestMemoForgetsFailures(t *testing.T) {
	calls := 0
	w := fake{
		expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
			return func(yield func(policy.Child, error) bool) { calls++; yield(policy.Child{}, reasoning.ErrOverloaded) }
		},
		score: func(context.Context, verifier.Request) (verifier.Result, error) {
			calls++
			return verifier.Result{Scores: []float64{0.5, 0.5}}, nil
		},
	}
	m := Memo(w, NewMemory(1<<20), who)
	for range 2 {
		if _, err := children(t.Context(), m, ask(1)); !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got error %v, want the policy's", err)
		}
		if _, err := m.Score(t.Context(), verifier.Request{Problem: "p", Steps: []string{"1"}}); !errors.Is(err, verifier.ErrBadScores) {
			t.Errorf("got error %v, want ErrBadScores", err)
		}
	}
	if calls != 4 {
		t.Errorf("got %d calls, want each failure asked for again", calls)
	}
}

// Texts come back byte by byte, also those that end within a character.
func TestMemoKeepsBytes(t *testing.T) {
	want := policy.Child{Steps: []reasoning.Step{{Text: "½ \xe2\x82", Tokens: 3, LogProb: -1.0 / 3}}, Finish: reasoning.FinishEnd}
	m := Memo(fake{expand: func(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
		return func(yield func(policy.Child, error) bool) { yield(want, nil) }
	}}, NewMemory(1<<20), who)
	for range 2 {
		got, err := children(t.Context(), m, ask(1))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, []policy.Child{want}); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	}
}
