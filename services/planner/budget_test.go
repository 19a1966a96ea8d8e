package planner

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// lockVerifier makes a searchtest.Lock a verifier.
type lockVerifier struct{ *searchtest.Lock }

func (lockVerifier) RewardModel(context.Context) (verifier.RewardModel, error) {
	return searchtest.RewardModel, nil
}

// lockConfig returns a Config whose policy and verifier are a lock with random times.
func lockConfig(timing uint64) Config {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(timing, 1))
	delay := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(random.ExpFloat64() * float64(time.Second))
	}
	lock := searchtest.NewLock(0.6, func(policy.Request, int) time.Duration { return delay() })
	lock.OnScore = func(verifier.Request) (time.Duration, error) { return delay() / 4, nil }
	return Config{
		Policy: lock, Verifier: lockVerifier{lock}, Difficulty: difficulty.All(lock, lockVerifier{lock}, nil),
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64},
	}
}

// A result is what must not depend on which planner ran a search, or when.
type result struct {
	State   State
	Outcome Outcome
	Plan    Plan
	Usage   reasoning.Usage // generated and scored tokens
	Nodes   []Node
}

// awaitResult waits for the end of a search.
func awaitResult(t *testing.T, p *Planner, ref Ref) result {
	t.Helper()
	s, err := p.Wait(t.Context(), ref, 24*time.Hour)
	if err != nil || s.Outcome == nil {
		t.Fatalf("Wait: state %v, error %v", s.State, err)
	}
	out := result{State: s.State, Outcome: *s.Outcome}
	if s.Plan != nil {
		out.Plan = *s.Plan
	}
	u := s.Bill.Total()
	out.Usage = reasoning.Usage{Generated: u.Generated, Verifier: u.Verifier}
	page, err := p.Nodes(t.Context(), NodesRequest{Ref: ref, PageSize: MaxPageSize})
	if err != nil {
		t.Fatal(err)
	}
	out.Nodes = page.Items
	slices.SortFunc(out.Nodes, func(a, b Node) int { return CompareNodes(a.ID, b.ID) })
	return out
}

// compareResults compares two results but for the times.
func compareResults(want, got result) string {
	return cmp.Diff(want, got, cmpopts.IgnoreFields(Outcome{}, "Elapsed"), cmpopts.IgnoreFields(search.Candidate{}, "Node"),
		cmp.Comparer(sameReason), cmpopts.EquateEmpty())
}

// sameReason reports whether two errors have the same reason, or none.
func sameReason(a, b error) bool {
	x, y := reasoning.Classify(a), reasoning.Classify(b)
	return x == nil && y == nil || x != nil && y != nil && x.Is(y)
}

// A search with a budget has the same tree, answer and bill whatever the order of results: the planner
// grants tokens in program order.
func TestABudgetedSearchDoesNotDependOnTiming(t *testing.T) {
	for _, arm := range []string{"best-of-n", "beam", "dvts", "rebase", "mcts", "particles"} {
		s, err := strategies.Parse(arm, 8)
		if err != nil {
			t.Fatal(err)
		}
		for _, budget := range []backend.Budget{{PolicyTokens: 120}, {VerifierTokens: 500}} {
			var want result
			for timing := range uint64(10) {
				synctest.Test(t, func(t *testing.T) {
					p := New(lockConfig(timing))
					defer p.Close()
					got := awaitResult(t, p, Ref{ID: mustCreate(t, p, Request{Problem: "31415", Strategy: s, Budget: budget})})
					if timing == 0 {
						want = got
					}
					if diff := compareResults(want, got); diff != "" {
						t.Errorf("%s, %+v: timing %d gives another search than timing 0 (-want +got):\n%s", arm, budget, timing, diff)
					}
				})
			}
		}
	}
}
