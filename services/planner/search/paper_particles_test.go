package search

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Scores of particles that a draw always takes or never takes: after clipping, their weights are
// as 10¹⁴ to 1.
const (
	sure  = 1.0
	never = 1e-9
)

// newFilter returns a filter of n particles with the parameters of the paper.
func newFilter(n int) Particles { return Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: 40} }

// evenShare returns the share of the children of a level that are below nodes of even
// ordinals on the first level.
func evenShare(level []*Node) float64 {
	even, all := 0.0, 0.0
	for _, n := range level {
		if all += float64(len(n.Children)); startsEven(n.ID) {
			even += float64(len(n.Children))
		}
	}
	return even / all
}

// startsEven reports whether the first ordinal of an id is even.
func startsEven(id string) bool {
	first, _, _ := strings.Cut(id, ".")
	return strings.ContainsAny(first[len(first)-1:], "02468")
}

// "w_t = σ⁻¹(r̂(x, y_1:t))", "j ~ Softmax(w)" with replacement (Puri et al. 2025, §3): a
// particle of score 0.8 weighs as much as four of 0.5; at temperature 0.5, as much as 16. The
// weight is "a logit that replaces the one before, not one that adds up".
func TestParticlesDraw(t *testing.T) {
	const n = 4000
	for temperature, odds := range map[float64]float64{1: 4, 0.5: 16} {
		b := bySpec(3, func(id string) spec {
			if startsEven(id) != strings.Contains(id, ".") { // even ones on the first level, odd ones below
				return spec{score: 0.8}
			}
			return spec{score: 0.5}
		})
		s := newFilter(n)
		s.Temperature = temperature
		levels := levelsOf(mustRun(t, b, s))
		first, second := evenShare(levels[0]), evenShare(levels[1])
		// At temperature 1, in the first draw the weights of an even and an odd particle are as
		// 4 : 1, and there are equally many of both. In the second draw the weights are as 1 : 4,
		// and there are four times as many even particles; if logits added up, the weights would
		// be equal.
		if want := odds / (odds + 1); math.Abs(first-want) > 0.03 {
			t.Errorf("temperature %v: %.3f of the first draw are even, want %.3f", temperature, first, want)
		}
		if want := first / (first + (1-first)*odds); math.Abs(second-want) > 0.03 || math.Abs(want-0.5) > 0.1 {
			t.Errorf("temperature %v: %.3f of the second draw are even, want %.3f, about a half", temperature, second, want)
		}
		for i, level := range levels[:2] {
			drawn := 0
			for _, n := range childCounts(level...) {
				drawn += n
			}
			if most := slices.Max(childrenPerNode(level)); drawn != n || most < 2 {
				t.Errorf("level %d: %d drawn, one of them %d times, want %d with replacement", i+1, drawn, most, n)
			}
		}
	}
}

// childrenPerNode returns how many children each node has.
func childrenPerNode(level []*Node) (counts []int) {
	for _, n := range level {
		counts = append(counts, len(n.Children))
	}
	return counts
}

// If the temperature is so low that weights overflow, the best particle is drawn, not the first.
func TestParticlesCold(t *testing.T) {
	s := newFilter(4)
	s.Temperature = 0.001
	tree := mustRun(t, byScore(2, map[string]float64{"0": 0.9, "1": 0.99, "2": 0.999, "3": 0.001}), s)
	wantEqual(t, "children", childCounts(levelsOf(tree)[0]...), map[string]int{"2": 4})
}

// "every particle takes one step" (Puri et al. 2025, §3): a level has N nodes while none has
// ended.
func TestParticlesStep(t *testing.T) {
	b := byScore(5, nil)
	tree := mustRun(t, b, newFilter(8))
	wantEqual(t, "levels", levelSizes(tree), []int{8, 8, 8, 8, 8})
	for _, c := range b.Calls() {
		if c.Request.Span != 1 {
			t.Errorf("requested %d steps, want 1", c.Request.Span)
		}
	}
}

// "Particles that have ended take part in the draw and do not step": a good one is drawn instead
// of the others, and is one solution; a bad one is not drawn again.
func TestParticlesThatEnded(t *testing.T) {
	ending := func(score float64) *Tree {
		return mustRun(t, bySpec(2, func(id string) spec {
			switch {
			case id == "0":
				return spec{score: score, finish: reasoning.FinishEnd}
			case score == sure:
				return spec{score: never}
			}
			return spec{score: 0.9}
		}), newFilter(4))
	}
	good := ending(sure)
	wantEqual(t, "levels, after a good one ended", levelSizes(good), []int{4})
	wantEqual(t, "its solutions", idsOf(slices.Collect(good.Solutions())...), []string{"0"})
	bad := ending(never)
	wantEqual(t, "levels, after a bad one ended", levelSizes(bad), []int{4, 4})
	wantEqual(t, "its solutions", len(slices.Collect(bad.Solutions())), 5) // with the one that ended
}

// "A particle that a token limit cut has no answer and therefore weight 0, unless all particles
// were cut."
func TestParticlesThatWereCut(t *testing.T) {
	tree := mustRun(t, bySpec(2, func(id string) spec {
		if id == "0" {
			return spec{score: sure, finish: reasoning.FinishLength}
		}
		return spec{score: never}
	}), newFilter(4))
	wantEqual(t, "levels", levelSizes(tree), []int{4, 4})
}

// "Its reference is the trajectory of one particle of the previous iteration, drawn by softmax;
// the reference is kept at every step" (Puri et al. 2025, §3). A free particle that is drawn from
// the reference gets children of its own.
func TestParticleGibbsKeepsItsReference(t *testing.T) {
	s := Particles{N: 4, Iterations: 2, Temperature: 1, Sample: true, MaxLevels: 40}
	// The first iteration draws 0 instead of 1, and 0.0 instead of 0.1: this is the reference. In
	// the second iteration the free particle grows 2, but 0 of the reference is drawn; then it
	// grows 0.2, but 0.0 of the reference is drawn.
	b := byScore(2, map[string]float64{"0": sure, "1": never, "0.0": sure, "0.1": never, "2": never, "0.2": never})
	tree := mustRun(t, b, s)
	var all []string
	for n := range tree.Nodes() {
		all = append(all, n.ID)
	}
	wantEqual(t, "nodes", all, []string{"0", "0.0", "0.1", "0.2", "1", "2"})
	wantEqual(t, "answer", idsOf(tree.Finalists...), []string{"0.0"})
	if n := tree.Root.Children[0]; n.State != StateScored {
		t.Errorf("the reference's first step is %v", n.State)
	}
	// The negative control: without a reference, 2 would have been continued.
	if n := tree.Root.Children[2]; n.State != StatePruned {
		t.Errorf("the free particle that was not drawn is %v", n.State)
	}
}

// A reference that is shorter than other trajectories is kept until they end.
func TestParticleGibbsShortReference(t *testing.T) {
	scores := map[string]float64{"1": never, "2": sure, "2.0": sure, "2.0.0": sure, "2.0.0.0": never}
	b := bySpec(4, func(id string) spec {
		if id == "0" {
			return spec{score: 0.5, finish: reasoning.FinishEnd}
		}
		return spec{score: scores[id]}
	})
	tree := mustRun(t, b, Particles{N: 4, Iterations: 2, Temperature: 1, Sample: true, MaxLevels: 40})
	// Level 1 has the two particles of the first iteration and the free one of the second.
	wantEqual(t, "levels", levelSizes(tree), []int{3, 1, 1, 1})
	wantEqual(t, "answer", idsOf(tree.Finalists...), []string{"0"})
}

// Sample: "draw the answer by weight; otherwise the Choice picks it".
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
	// Two particles are drawn with odds of 4 : 1, and then the answer from these, again with odds
	// of 4 : 1: with probability 16/25 both are 0; with 8/25 one is, which is then drawn with 4/5.
	if got, want := float64(counts["0"])/searches, 16.0/25+8.0/25*4/5; math.Abs(got-want) > 0.05 {
		t.Errorf("the better of two is the answer of %.3f of %d searches, want %.3f", got, searches, want)
	}
	if tree := mustRun(t, byScore(1, nil), newFilter(2)); tree.Finalists != nil {
		t.Errorf("finalists are %v, want all", idsOf(tree.Finalists...))
	}
}
