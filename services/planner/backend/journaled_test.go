package backend

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// journaledArms are the strategies of the tests of Journaled.
var journaledArms = []string{
	"greedy", "best-of-n", "majority", "majority:exhaustive=true", "majority:wave=4", "majority:wave=4:confidence=0.8",
	"beam", "beam:narrow=true", "beam:dedupe=true", "lookahead:k=2", "dvts", "dvts:k=1", "rebase:max_levels=40",
	"rebase:exact=true:max_levels=40", "mcts", "mcts:rollout=true:final=value", "particles",
	"particles:iterations=2:temperature=0.5:sample=true", "revisions:chains=4", "revisions:chains=1:no_verifier=true",
}

// A journaledRun is one run of a search, of which the planner may have died.
type journaledRun struct {
	drawing  string
	bill     reasoning.Usage // without the tokens of prompts, which depend on which requests are made together
	answers  []Answer        // all, in order
	repeated int             // requests that the models got although their answer was recorded
	left     int
	diverged bool
}

// faultyLock returns a lock with random times, by the seed of timing, of which a share of requests fails,
// always the same ones; none if share is 0.
func faultyLock(timing uint64, share float64) *searchtest.Lock {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(timing, 1))
	delay := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(random.ExpFloat64() * float64(time.Second))
	}
	fails := func(format string, args ...any) bool {
		h := fnv.New64a()
		fmt.Fprintf(h, format, args...)
		return float64(reasoning.Seed(h.Sum64()).Child(0)>>11)/(1<<53) < share
	}
	lock := searchtest.NewLock(0.6, nil)
	reply := lock.Script.Reply
	lock.Script.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		out := reply(r, ordinal)
		out.Delay = delay()
		if fails("child %q %d", r.Steps, r.Seed.Child(ordinal)) {
			out.Delay = time.Hour // a failure ends the request: let the siblings arrive before it, whatever the timing
			out.Err = errors.New("the engine fails")
		}
		return out
	}
	lock.OnScore = func(r verifier.Request) (time.Duration, error) {
		if fails("score %q", r.Steps) {
			return delay(), errors.New("the verifier fails")
		}
		return delay(), nil
	}
	return lock
}

// runJournaled runs a search of a strategy with the answers of an earlier run.
func runJournaled(t *testing.T, arm string, budget Budget, b search.Backend, recorded []Answer) (out journaledRun) {
	s, err := strategies.Parse(arm, 8)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		known := map[AnswerKey]bool{}
		for _, a := range recorded {
			known[a.Request] = known[a.Request] || !a.usageOnly()
		}
		var mu sync.Mutex
		counted := &countingBackend{b, func(key AnswerKey) {
			mu.Lock()
			defer mu.Unlock()
			if known[key] {
				out.repeated++
			}
		}}
		out.answers = slices.Clone(recorded)
		j := Journal(Memo(counted, NewMemory(1<<20), Identity{}), recorded, func(a Answer) {
			mu.Lock()
			defer mu.Unlock()
			again, err := DecodeAnswer(a.Encode())
			if diff := cmp.Diff(a, again, cmp.AllowUnexported(reasoning.Error{}), cmpopts.IgnoreFields(policy.Child{}, "Generate", "Start")); err != nil || diff != "" {
				t.Errorf("answer encoded and decoded: error %v, differs (-want +got):\n%s", err, diff)
			}
			out.answers = append(out.answers, again)
		})
		j.Diverged = func(int) { out.diverged = true }
		m := Meter(j, budget, reasoning.Model{}, reasoning.Model{})
		p := problem("s")
		p.Extract = searchtest.Extract
		tree := search.New(m, p)
		if _, err := search.Run(t.Context(), tree, s); err != nil && !errors.Is(err, search.ErrSpent) {
			out.drawing = fmt.Sprintf("error %v\n", reasoning.Classify(err))
		}
		out.drawing += drawing(tree)
		u := m.Bill().Total()
		out.bill = reasoning.Usage{Generated: u.Generated, Verifier: u.Verifier}
		out.left = j.Left()
	})
	return out
}

// A countingBackend calls asked with the key of each request for a child or a path.
type countingBackend struct {
	search.Backend
	asked func(AnswerKey)
}

func (b *countingBackend) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	for _, key := range childKeys(r) {
		b.asked(key)
	}
	return b.Backend.Expand(ctx, r)
}

func (b *countingBackend) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	b.asked(scoreKey(r))
	return b.Backend.Score(ctx, r)
}

// A search whose planner died after any number of answers continues to the same tree and the
// same bill, asks for no recorded answer again, and leaves none unused: with failed children and
// failed scores, which would succeed now, and within budgets.
func TestASearchContinuesFromItsAnswers(t *testing.T) {
	for _, arm := range journaledArms {
		t.Run(arm, func(t *testing.T) {
			for name, c := range map[string]struct {
				budget Budget
				faults float64
			}{
				"nothing special": {},
				"failures":        {faults: 0.05},
				"tokens":          {budget: Budget{PolicyTokens: 90}},
				"verifier":        {budget: Budget{VerifierTokens: 400}},
				"all":             {budget: Budget{PolicyTokens: 120, VerifierTokens: 900}, faults: 0.05},
			} {
				for seed := range uint64(3) {
					want := runJournaled(t, arm, c.budget, faultyLock(seed, c.faults), nil)
					random := rand.New(rand.NewPCG(seed, 2))
					for range 3 {
						cut := random.IntN(len(want.answers) + 1)
						got := runJournaled(t, arm, c.budget, faultyLock(seed+100, c.faults), want.answers[:cut])
						if got.left > 0 || got.diverged || got.repeated > 0 {
							t.Errorf("%s, seed %d, %d of %d answers: left %d, diverged %v, asked again %d",
								name, seed, cut, len(want.answers), got.left, got.diverged, got.repeated)
						}
						if diff := cmp.Diff(want.drawing, got.drawing); diff != "" {
							t.Fatalf("%s, seed %d, %d of %d answers: another tree (-want +got):\n%s", name, seed, cut, len(want.answers), diff)
						}
						if arm != "majority" && got.bill != want.bill { // majority stops by arrival: what it calls off differs
							t.Errorf("%s, seed %d, %d of %d answers: bill %+v, want %+v", name, seed, cut, len(want.answers), got.bill, want.bill)
						}
					}
				}
			}
		})
	}
}

// If a kind of answer is not recorded, some resumed search grows another tree or asks for recorded
// answers in vain: these are the controls of the test above.
func TestEachKindOfAnswerIsNeeded(t *testing.T) {
	for name, keep := range map[string]func(Answer) bool{
		"failures of children": func(a Answer) bool { return a.Failure == nil || a.Scores != nil },
		"children":             func(a Answer) bool { return a.Child == nil },
		"scores":               func(a Answer) bool { return a.Scores == nil },
	} {
		differs := 0
		for seed := range uint64(10) {
			const faults = 0.1
			want := runJournaled(t, "beam", Budget{}, faultyLock(seed, faults), nil)
			recorded := slices.DeleteFunc(slices.Clone(want.answers), func(a Answer) bool { return !keep(a) })
			got := runJournaled(t, "beam", Budget{}, faultyLock(seed, 0), recorded) // what failed succeeds now
			if got.drawing != want.drawing || got.diverged || got.left > 0 {
				differs++
			}
			if all := runJournaled(t, "beam", Budget{}, faultyLock(seed, 0), want.answers); all.drawing != want.drawing || all.diverged || all.left > 0 {
				t.Errorf("seed %d: with all answers: diverged %v, left %d, tree:\n%s", seed, all.diverged, all.left, cmp.Diff(want.drawing, all.drawing))
			}
		}
		if differs == 0 {
			t.Errorf("without %s no resumed search differs", name)
		}
	}
}

// A search that is resumed after its deadline still gets all recorded answers, and asks for
// nothing else.
func TestASearchResumedAfterItsDeadlineKeepsItsAnswers(t *testing.T) {
	want := runJournaled(t, "beam", Budget{}, faultyLock(1, 0), nil)
	s, err := strategies.Parse("beam", 8)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(want.answers) + 1 {
		synctest.Test(t, func(t *testing.T) {
			lock := faultyLock(2, 0)
			j := Journal(Memo(lock, NewMemory(1<<20), Identity{}), want.answers[:cut], func(Answer) {})
			j.Deadline = time.Now().Add(-time.Minute)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() {
				<-j.Live()
				cancel(context.DeadlineExceeded)
			}()
			p := problem("s")
			p.Extract = searchtest.Extract
			tree := search.New(j, p)
			search.Run(ctx, tree, s)
			children, nodes := 0, 0
			for _, a := range want.answers[:cut] {
				if a.Child != nil {
					children++
				}
			}
			for n := range tree.Nodes() {
				if len(n.Steps) > 0 {
					nodes++
				}
			}
			if nodes != children || j.Left() > 0 {
				t.Errorf("%d answers: the tree has %d of %d children, %d answers are left", cut, nodes, children, j.Left())
			}
			for _, c := range lock.Calls() {
				if len(c.Yielded) > 0 {
					t.Errorf("%d answers: a child was generated after the deadline", cut)
				}
			}
		})
	}
}

// A search that does not ask for what was recorded is found to have diverged, and goes on.
func TestADivergedSearchGoesOn(t *testing.T) {
	want := runJournaled(t, "beam", Budget{}, faultyLock(1, 0), nil)
	foreign := Answer{Request: "of another search", Scores: []float64{1}}
	got := runJournaled(t, "beam", Budget{}, faultyLock(2, 0), append(slices.Clone(want.answers[:10]), foreign))
	if !got.diverged || got.left != 1 {
		t.Errorf("diverged %v, left %d: want true and 1", got.diverged, got.left)
	}
	if diff := cmp.Diff(want.drawing, got.drawing); diff != "" {
		t.Errorf("another tree (-want +got):\n%s", diff)
	}
}

// What a request that was called off has wasted is on the bill of the resumed search, once.
func TestUsageOfACalledOffRequestIsKept(t *testing.T) {
	r := policy.Request{Search: "s", Problem: "p", Ordinals: []int{0, 1}, Span: 1, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 8}}
	waste := reasoning.Usage{Generated: 7}
	lock := searchtest.NewLock(1, nil)
	j := Journal(Memo(lock, NewMemory(1<<20), Identity{}), []Answer{{Request: childKeys(r)[1], Usage: waste}}, func(Answer) {})
	var sum reasoning.Usage
	for c, err := range j.Expand(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		sum = sum.Add(c.Usage)
	}
	generated := int64(0)
	for c, err := range lock.Expand(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		generated += c.Usage.Generated
	}
	if sum.Generated != generated+waste.Generated {
		t.Errorf("billed %d tokens, want %d and %d", sum.Generated, generated, waste.Generated)
	}
}

// FuzzDecodeAnswer: bytes that are no answer are an error, and what can be decoded is encoded to
// the same value.
func FuzzDecodeAnswer(f *testing.F) {
	child := policy.Child{Ordinal: 3, Steps: []reasoning.Step{{Text: "a\n", Tokens: 2, LogProb: -1}}, Finish: reasoning.FinishStep, Usage: reasoning.Usage{Generated: 2}}
	for _, a := range []Answer{
		{Request: "k", Child: &child}, {Request: "k", Scores: []float64{0.5}, Usage: reasoning.Usage{Verifier: 3}},
		{Request: "k", Failure: reasoning.ErrUnavailable}, {Usage: reasoning.Usage{Generated: 1}},
	} {
		f.Add(a.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeAnswer(b)
		if err != nil {
			return
		}
		if _, err := DecodeAnswer(a.Encode()); err != nil {
			t.Errorf("decoded and encoded again: %v", err)
		}
	})
}
