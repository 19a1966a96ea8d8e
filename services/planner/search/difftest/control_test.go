package difftest

import (
	"context"
	"testing"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// tieBreak is DVTS with one subtree after the other. better reports whether a value replaces the
// best value so far.
type tieBreak struct {
	search.DVTS
	better func(value, best float64) bool
}

// Search implements search.Strategy.
func (d tieBreak) Search(ctx context.Context, t *search.Tree) error {
	for range d.N / d.M {
		from := t.Root
		for from != nil && from.Open() {
			level, err := t.Grow(ctx, search.Fork{From: from, N: d.M, Span: 1, Score: true})
			if err != nil {
				return err
			}
			from = nil
			for _, n := range level {
				if from == nil || d.better(n.Value, from.Value) {
					from = n
				}
			}
		}
	}
	return nil
}

// The negative control: a strategy with one error grows other trees.
func TestWrongStrategiesAreFound(t *testing.T) {
	settings := map[string]*setting{}
	for _, name := range references {
		for _, s := range read(t, name+".txt") {
			settings[s.title] = s
		}
	}
	dvts := search.DVTS{N: 16, M: 4, MaxLevels: 40}
	for _, test := range []struct {
		what, title string
		wrong       search.Strategy
		least       int // trees that differ
	}{
		{"no error: a DVTS that takes the first of ties", "dvts n=16 m=4 k=0 agg=min levels=40 script=coarse",
			tieBreak{dvts, func(value, best float64) bool { return value > best }}, 0},
		{"a DVTS that takes the last of ties", "dvts n=16 m=4 k=0 agg=min levels=40 script=coarse",
			tieBreak{dvts, func(value, best float64) bool { return value >= best }}, 30},
		{"a DVTS that looks another step ahead", "dvts n=16 m=4 k=1 agg=last levels=40 script=plain",
			search.DVTS{N: 16, M: 4, K: 2, MaxLevels: 40}, 60},
		{"a REBASE that rounds", "rebase n=16 balance=0.2 script=plain",
			search.Rebase{N: 16, Balance: 0.2, MaxLevels: 40}, 100},
		{"a REBASE with another balance", "rebase n=16 balance=0.2 script=plain",
			search.Rebase{N: 16, Balance: 0.25, Exact: true, MaxLevels: 40}, 100},
		{"a beam that narrows", "beam n=16 m=4 agg=last levels=40 script=plain",
			search.Beam{N: 16, M: 4, MaxLevels: 40, Narrow: true}, 30},
		{"a beam that does not narrow", "narrow n=16 m=4 script=plain", search.Beam{N: 16, M: 4, MaxLevels: 40}, 50},
		{"a beam that keeps twins", "beam n=16 m=4 agg=last levels=40 dedupe=true script=twins",
			search.Beam{N: 16, M: 4, MaxLevels: 40}, 30},
		{"a beam that ends a level late", "beam n=16 m=4 agg=last levels=3 script=long",
			search.Beam{N: 16, M: 4, MaxLevels: 4}, 30},
		{"particles at another temperature", "particles n=16 iterations=1 script=plain",
			search.Particles{N: 16, Iterations: 1, Temperature: 1.1, MaxLevels: 40}, 30},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			s := settings[test.title]
			if s == nil {
				t.Fatalf("no setting %s", test.title)
			}
			differ, _, _ := s.compare(t, test.wrong)
			if least := test.least / every; len(differ) < least || least == 0 && len(differ) > 0 {
				t.Errorf("%d of %d trees differ, want at least %d", len(differ), len(s.lines)/every, least)
			}
		})
	}
}

// The negative control: a majority that stops later than its_hub's takes more samples, and Gibbs
// without a reference or with another number of iterations has another cost or best value.
func TestWrongCostsAreFound(t *testing.T) {
	for _, s := range read(t, "stopping.txt") {
		if s.name == "beta" && s.params["confidence"] == "0.95" {
			if _, _, more := s.compareSamples(t, search.Majority{N: s.int("n"), Confidence: 0.97}); more < 5 {
				t.Errorf("%s: a confidence of 0.97 stops later in %d searches, want at least 5", s.title, more)
			}
		}
	}
	for _, s := range read(t, "gibbs.txt") {
		for _, iterations := range []int{1, 8} {
			steps, best := s.gibbs(t, search.Particles{N: s.int("n"), Iterations: iterations, Temperature: 1, MaxLevels: 40})
			if !steps.significant() && !best.significant() {
				t.Errorf("%s: with %d iterations %v steps, best value %v more than its_hub: no difference",
					s.title, iterations, steps, best)
			}
		}
	}
}
