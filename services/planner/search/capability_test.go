package search

import (
	"context"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Exhaustive and FixedCost change strategies that stop early, and no others.
func TestExhaustive(t *testing.T) {
	for _, test := range []struct{ strategy, exhaustive, fixedCost Strategy }{
		{Majority{N: 8}, Majority{N: 8, Exhaustive: true}, Majority{N: 8, Exhaustive: true}},
		{Majority{N: 8, Wave: 2}, Majority{N: 8, Wave: 2, Exhaustive: true}, Majority{N: 8, Wave: 2}},
		{NewBeam(8), NewBeam(8), NewBeam(8)},
	} {
		if got := Exhaustive(test.strategy); got != test.exhaustive {
			t.Errorf("exhaustive %+v is %+v, want %+v", test.strategy, got, test.exhaustive)
		}
		if got := FixedCost(test.strategy); got != test.fixedCost {
			t.Errorf("%+v of fixed cost is %+v, want %+v", test.strategy, got, test.fixedCost)
		}
	}
}

// NeedsOf tells what the requests of a strategy need, of every strategy and variant, and nothing
// else.
func TestNeedsAreThoseOfTheRequests(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		if v, ok := s.(variant); ok {
			s = v.Strategy
		}
		var mu sync.Mutex
		var got Needs
		lock := searchtest.NewLock(0.5, nil)
		mustRun(t, withExpand{lock, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			mu.Lock()
			defer mu.Unlock()
			got.Steps = got.Steps || r.Span != policy.Whole || len(r.Steps) > 0
			got.Attempts = got.Attempts || len(r.Attempts) > 0
			for _, a := range r.Attempts {
				got.Feedback = got.Feedback || strings.Contains(a, "A verifier gives")
			}
			return lock.Expand(ctx, r)
		}}, s)
		want := NeedsOf(s)
		want.LogProbs = false // no request shows it
		if got != want {
			t.Errorf("the requests need %+v, the strategy tells %+v", got, want)
		}
	})
}

func TestOnlyPUCTNeedsLogProbs(t *testing.T) {
	uct := NewMCTS(4)
	puct := uct
	puct.PUCT = true
	if NeedsOf(uct).LogProbs || !NeedsOf(puct).LogProbs {
		t.Errorf("UCT needs log-probabilities: %v, PUCT: %v; want only PUCT", NeedsOf(uct).LogProbs, NeedsOf(puct).LogProbs)
	}
}
