package search

import (
	"testing"
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

func TestGivesFeedback(t *testing.T) {
	for s, want := range map[Strategy]bool{
		NewRevisions(4): false,
		Revisions{N: 4, Chains: 2, Feedback: true}: true,
		NewBeam(4): false,
	} {
		if got := GivesFeedback(s); got != want {
			t.Errorf("%+v gives feedback: %v, want %v", s, got, want)
		}
	}
}
