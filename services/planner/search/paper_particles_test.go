package search

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Values that a draw always takes, or never: the clipped weights are 10¹⁴ to 1.
const (
	sure  = 1.0
	never = 1e-9
)

func newFilter(n int) Particles { return Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: 40} }

// part is which part of a level's nodes' children are below nodes of even ordinals on the
// first level.
func evenShare(level []*Node) float64 {
	even, all := 0.0, 0.0
	for _, n := range level {
		first, _, _ := strings.Cut(n.ID, ".")
		if all += float64(len(n.Children)); strings.ContainsAny(first[len(first)-1:], "02468") {
			even += float64(len(n.Children))
		}
	}
	return even / all
}

// Puri et al. 2025, §3: "w_t = σ⁻¹(r̂(x, y_1:t))", "j ~ Softmax(w)" with replacement: a
// particle worth 0.8 weighs as much as four worth 0.5; at temperature 0.5, as 16. "a logit
// that replaces the one before, not one that adds up".
func TestParticlesDraw(t *testing.T) {
	const n = 4000
	for temperature, odds := range map[float64]float64{1: 4, 0.5: 16} {
		w := bySpec(3, func(id string) spec {
			first, _, deeper := strings.Cut(id, ".")
			if even := strings.ContainsAny(first[len(first)-1:], "02468"); even != deeper { // first the even are good, then the odd
				return spec{worth: 0.8}
			}
			return spec{worth: 0.5}
		})
		s := newFilter(n)
		s.Temperature = temperature
		levels := levelsOf(mustRun(t, w, s))
		first, second := evenShare(levels[0]), evenShare(levels[1])
		// The weights of the first draw are 4 : 1 of as many each. In the second they are
		// 1 : 4, of 4 : 1 as many; if weights added up, it would be 4 : 4, of 4 : 1 as many.
		if want := odds / (odds + 1); math.Abs(first-want) > 0.03 {
			t.Errorf("temperature %v: %.3f of the first draw are even, want %.3f", temperature, first, want)
		}
		if want := first / (first + (1-first)*odds); math.Abs(second-want) > 0.03 || math.Abs(want-0.5) > 0.1 {
			t.Errorf("temperature %v: %.3f of the second draw are even, want %.3f, about a half", temperature, second, want)
		}
		for i, level := range levels[:2] {
			drawn := 0
			for _, k := range childCounts(level...) {
				drawn += k
			}
			if most := slices.Max(childrenPerNode(level)); drawn != n || most < 2 {
				t.Errorf("level %d: %d drawn, one of them %d times, want %d with replacement", i+1, drawn, most, n)
			}
		}
	}
}

func childrenPerNode(level []*Node) (n []int) {
	for _, k := range level {
		n = append(n, len(k.Children))
	}
	return n
}

// At a temperature so low that weights overflow the best is drawn, not the first.
func TestParticlesCold(t *testing.T) {
	s := newFilter(4)
	s.Temperature = 0.001
	tree := mustRun(t, byScore(2, map[string]float64{"0": 0.9, "1": 0.99, "2": 0.999, "3": 0.001}), s)
	wantEqual(t, "children", childCounts(levelsOf(tree)[0]...), map[string]int{"2": 4})
}

// "every particle takes one step": N a level while none has ended.
func TestParticlesStep(t *testing.T) {
	w := byScore(5, nil)
	tree := mustRun(t, w, newFilter(8))
	wantEqual(t, "levels", levelSizes(tree), []int{8, 8, 8, 8, 8})
	for _, c := range w.Calls() {
		if c.Request.Span != 1 {
			t.Errorf("asked for %d steps", c.Request.Span)
		}
	}
}

// "Particles that have ended take part in the draw and do not step": one that is good
// takes the places of those that go on, and counts once (algorithms.md §7, item 8); one that
// is bad gives its place up.
func TestParticlesThatEnded(t *testing.T) {
	ending := func(worth0 float64) *Tree {
		return mustRun(t, bySpec(2, func(id string) spec {
			switch {
			case id == "0":
				return spec{worth: worth0, finish: reasoning.FinishEnd}
			case worth0 == sure:
				return spec{worth: never}
			}
			return spec{worth: 0.9}
		}), newFilter(4))
	}
	good := ending(sure)
	wantEqual(t, "levels, after one that is good ended", levelSizes(good), []int{4})
	wantEqual(t, "its solutions", idsOf(slices.Collect(good.Solutions())...), []string{"0"})
	bad := ending(never)
	wantEqual(t, "levels, after one that is bad ended", levelSizes(bad), []int{4, 4})
	wantEqual(t, "its solutions", len(slices.Collect(bad.Solutions())), 5) // it is an answer, all the same
}

// "A particle that a limit cut has weight 0, unless all were cut: it is no answer."
func TestParticlesThatWereCut(t *testing.T) {
	tree := mustRun(t, bySpec(2, func(id string) spec {
		if id == "0" {
			return spec{worth: sure, finish: reasoning.FinishLength}
		}
		return spec{worth: never}
	}), newFilter(4))
	wantEqual(t, "levels", levelSizes(tree), []int{4, 4})
}

// "An iteration of Gibbs has N / Iterations particles and starts with the trajectory of one
// of the iteration before […] as its reference: that one is kept at every step". Where a
// free particle is drawn from it, that goes on anew from there.
func TestParticleGibbsKeepsItsReference(t *testing.T) {
	s := Particles{N: 4, Iterations: 2, Temperature: 1, Sample: true, MaxLevels: 40}
	// First 0 wins over 1, and 0.0 over 0.1: the reference. Then 2, the free particle of the
	// second iteration, loses to the reference's first step, and goes on from there: to
	// 0.2, which loses to the reference's second step.
	w := byScore(2, map[string]float64{"0": sure, "1": never, "0.0": sure, "0.1": never, "2": never, "0.2": never})
	tree := mustRun(t, w, s)
	var all []string
	for n := range tree.Nodes() {
		all = append(all, n.ID)
	}
	wantEqual(t, "nodes", all, []string{"0", "0.0", "0.1", "0.2", "1", "2"})
	wantEqual(t, "answer", idsOf(tree.Finalists...), []string{"0.0"})
	if n := tree.Root.Children[0]; n.State != StateScored {
		t.Errorf("the reference's first step is %v", n.State)
	}
	// The control: without it the second half of the particles would have gone on from 2.
	if n := tree.Root.Children[2]; n.State != StatePruned {
		t.Errorf("the free particle that was not drawn is %v", n.State)
	}
}

// A reference that is shorter than others is kept to their end.
func TestParticleGibbsShortReference(t *testing.T) {
	w := bySpec(4, func(id string) spec {
		if id == "0" {
			return spec{worth: 0.5, finish: reasoning.FinishEnd}
		}
		return spec{worth: map[string]float64{"1": never, "2": sure, "2.0": sure, "2.0.0": sure, "2.0.0.0": never}[id]}
	})
	tree := mustRun(t, w, Particles{N: 4, Iterations: 2, Temperature: 1, Sample: true, MaxLevels: 40})
	wantEqual(t, "levels", levelSizes(tree), []int{3, 1, 1, 1}) // two, then a free one beside the reference
	wantEqual(t, "answer", idsOf(tree.Finalists...), []string{"0"})
}

// "the answer is drawn among all by weight; else the search's Choice picks it".
func TestParticlesSample(t *testing.T) {
	counts := map[string]int{}
	const searches = 400
	for seed := range searches {
		p := newProblem(combination)
		p.Seed = reasoning.Seed(seed)
		s := newFilter(2)
		s.Sample = true
		tree := New(byScore(1, map[string]float64{"0": 0.8, "1": 0.5}), p)
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		counts[tree.Finalists[0].ID]++
	}
	// Two places are drawn by 4 : 1, and one of them again by 4 : 1: with 16/25 both are 0,
	// with 8/25 one is, which is then drawn with 4/5.
	if got, want := float64(counts["0"])/searches, 16.0/25+8.0/25*4/5; math.Abs(got-want) > 0.05 {
		t.Errorf("the better of two is the answer of %.3f of %d searches, want %.3f", got, searches, want)
	}
	if tree := mustRun(t, byScore(1, nil), newFilter(2)); tree.Finalists != nil {
		t.Errorf("finalists are %v, want all", idsOf(tree.Finalists...))
	}
}
