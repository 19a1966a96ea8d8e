package search_test

import (
	"testing"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// Exhaustive and FixedCost change strategies that stop early, and no others.
func TestExhaustive(t *testing.T) {
	for _, test := range []struct{ strategy, exhaustive, fixedCost search.Strategy }{
		{search.Majority{N: 8}, search.Majority{N: 8, Exhaustive: true}, search.Majority{N: 8, Exhaustive: true}},
		{search.Majority{N: 8, Wave: 2}, search.Majority{N: 8, Wave: 2, Exhaustive: true}, search.Majority{N: 8, Wave: 2}},
		{search.NewBeam(8), search.NewBeam(8), search.NewBeam(8)},
	} {
		if got := search.Exhaustive(test.strategy); got != test.exhaustive {
			t.Errorf("exhaustive %+v is %+v, want %+v", test.strategy, got, test.exhaustive)
		}
		if got := search.FixedCost(test.strategy); got != test.fixedCost {
			t.Errorf("%+v of fixed cost is %+v, want %+v", test.strategy, got, test.fixedCost)
		}
	}
}

func TestGivesFeedback(t *testing.T) {
	for s, want := range map[search.Strategy]bool{
		search.NewRevisions(4):                            false,
		search.Revisions{N: 4, Chains: 2, Feedback: true}: true,
		search.NewBeam(4):                                 false,
	} {
		if got := search.GivesFeedback(s); got != want {
			t.Errorf("%+v gives feedback: %v, want %v", s, got, want)
		}
	}
}
