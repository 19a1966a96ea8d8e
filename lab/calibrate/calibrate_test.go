package calibrate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/lab/bench"
)

// randomGrid returns a grid of n problems. An arm costs N × 40 tokens and is right with the probability that
// skill returns for the arm and the problem's rate. An estimate costs 160 tokens; arms with N ≥ 4 reuse all of
// its samples.
func randomGrid(n int, random *rand.Rand, arms map[string][]int, skill func(strategy string, n int,
	rate float64) float64) *Grid {
	g := &Grid{Rates: make([]float64, n), Estimate: make([]bench.Cost, n)}
	for i := range n {
		g.Problems = append(g.Problems, fmt.Sprintf("%03d", i))
		g.Rates[i], g.Estimate[i] = random.Float64(), bench.Cost{Generated: 160}
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range arms {
			if !yield(name) {
				return
			}
		}
	}) {
		for _, k := range arms[name] {
			arm, err := bench.ParseArm(name, k)
			if err != nil {
				panic(err) // a name in a test
			}
			plain := Column{Arm: arm, Right: make([]float64, n), Cost: make([]bench.Cost, n)}
			after := plain
			after.Cost = make([]bench.Cost, n)
			for i := range n {
				if random.Float64() < skill(name, k, g.Rates[i]) {
					plain.Right[i] = 1
				}
				plain.Cost[i] = bench.Cost{Generated: 40 * float64(k)}
				after.Cost[i] = bench.Cost{Generated: max(160, 40*float64(k))}
			}
			g.Plain, g.After = append(g.Plain, plain), append(g.After, after)
		}
	}
	return g
}

var options = Options{Budgets: []int{1, 4, 16}, Bins: "quantiles-5", Repetitions: 4}

// Easy problems need 4 samples and hard ones 48: with a mean of 16 samples, choosing by difficulty is more
// accurate.
func TestHardProblemsGetMoreSamples(t *testing.T) {
	g := randomGrid(300, rand.New(rand.NewPCG(1, 2)), map[string][]int{"best-of-n": {1, 4, 16, 48}},
		func(_ string, n int, rate float64) float64 {
			switch {
			case rate > 0.4:
				return 0.97
			case n >= 48:
				return 0.9
			}
			return 0.05
		})
	p, err := g.Fit(options)
	if err != nil {
		t.Fatal(err)
	}
	b := p.Budgets[2]
	if !b.Adaptive || b.Measured.Difference.Low <= 0 {
		t.Errorf("16 samples: adaptive %v, difference %+v: want a gain", b.Adaptive, b.Measured.Difference)
	}
	if b.Rows[0].N > 16 || max(b.Rows[3].N, b.Rows[4].N) != 48 {
		t.Errorf("the easiest bin gets %d samples, the hardest two %d and %d, want one of them 48", b.Rows[0].N,
			b.Rows[3].N, b.Rows[4].N)
	}
	if got, limit := b.Measured.Adaptive.Generated, 16*40*1.1; got > limit {
		t.Errorf("the strategies by bin cost %.0f tokens, want at most about %.0f", got, limit)
	}
	if more := b.Measured.WithoutReuse.Generated - b.Measured.Adaptive.Generated; more < 50 || more > 161 {
		t.Errorf("without reuse they cost %.0f tokens more, want up to the estimate's 160", more)
	}
	if p.Budgets[0].Adaptive || p.Budgets[0].Rows != nil || !strings.Contains(p.Budgets[0].Reason,
		"costs more than the budget") {
		t.Errorf("one sample: %+v: want no estimate, which costs four", p.Budgets[0])
	}
}

// If the best strategy does not depend on difficulty, the profile has one strategy for all, and its measured
// accuracy is not biased by the selection of the best of many arms.
func TestSelectionDoesNotBiasTheAccuracy(t *testing.T) {
	arms := map[string][]int{}
	for i := range 12 {
		arms[fmt.Sprintf("mcts:exploration=%d", i+2)] = []int{16}
	}
	arms["best-of-n"] = []int{16}
	adaptive, biased, claimed := 0, 0.0, 0.0
	const grids = 10
	for seed := range uint64(grids) {
		g := randomGrid(100, rand.New(rand.NewPCG(seed, 1)), arms, func(string, int, float64) float64 { return 0.5 })
		p, err := g.Fit(Options{Budgets: []int{16}, Bins: "quantiles-5", Repetitions: 2})
		if err != nil {
			t.Fatal(err)
		}
		if p.Budgets[0].Adaptive {
			adaptive++
		}
		biased += p.Budgets[0].Uniform.Accuracy.Mean / grids // on the problems that selected the arm
		claimed += p.Budgets[0].Measured.Uniform.Accuracy.Mean / grids
	}
	if adaptive > 2 {
		t.Errorf("the profiles of %d of %d grids without a gain choose by difficulty, want at most 2", adaptive, grids)
	}
	if claimed < 0.47 || claimed > 0.53 {
		t.Errorf("the measured accuracy is %.3f on average, want about the true 0.5", claimed)
	}
	if biased < 0.55 { // the control: measured on the problems that selected the arm, the accuracy is biased
		t.Errorf("the selected arms have %.3f on the problems that selected them, want more than 0.55", biased)
	}
}

// An allocation is within its limit, and the optimum has at most as many right answers more as the largest bin
// has problems.
func TestAllocationIsNearlyOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins, arms := rapid.IntRange(1, 3).Draw(t, "bins"), rapid.IntRange(1, 5).Draw(t, "arms")
		g := &Grid{After: make([]Column, arms)}
		members := make([][]int, bins)
		accuracy, tokens := make([][]float64, bins), make([][]float64, bins)
		for b := range bins {
			members[b] = make([]int, rapid.IntRange(1, 20).Draw(t, "problems"))
			accuracy[b] = rapid.SliceOfN(rapid.Float64Range(0, 1), arms, arms).Draw(t, "accuracy")
			tokens[b] = rapid.SliceOfN(rapid.Float64Range(1, 1000), arms, arms).Draw(t, "tokens")
		}
		limit := rapid.Float64Range(1, 30000).Draw(t, "limit")
		value := func(rows []int) (right, cost float64) {
			for b, a := range rows {
				right += float64(len(members[b])) * accuracy[b][a]
				cost += float64(len(members[b])) * tokens[b][a]
			}
			return right, cost
		}
		best, possible := 0.0, false
		rows := make([]int, bins)
		for {
			if right, cost := value(rows); cost <= limit {
				best, possible = max(best, right), true
			}
			b := 0
			for ; b < bins; b++ {
				if rows[b]++; rows[b] < arms {
					break
				}
				rows[b] = 0
			}
			if b == bins {
				break
			}
		}
		got := g.allocate(members, accuracy, tokens, limit)
		if (got != nil) != possible {
			t.Fatalf("rows %v, possible %v", got, possible)
		}
		if !possible {
			return
		}
		right, cost := value(got)
		if cost > limit {
			t.Fatalf("%.1f tokens, limit %.1f", cost, limit)
		}
		most := 0.0 // problems of the largest bin: the largest step of the number of right answers
		for _, m := range members {
			most = max(most, float64(len(m)))
		}
		if right < best-most {
			t.Fatalf("%.2f right, the best is %.2f", right, best)
		}
	})
}

// results returns the results of a bench whose grid is g.
func results(g *Grid) (h bench.Header, all []bench.Result) {
	h.Seeds, h.Problems.Count = []uint64{1}, len(g.Problems)
	for _, side := range []struct {
		columns []Column
		after   bool
	}{{g.Plain, false}, {g.After, true}} {
		for _, c := range side.columns {
			for i, id := range g.Problems {
				r := bench.Result{Problem: id, Arm: c.Arm, Seed: 1, Outcome: bench.Outcome{
					Right: c.Right[i] == 1, Tokens: bench.Tokens{Generated: int64(c.Cost[i].Generated)},
				}}
				if side.after {
					r.Arm = c.Arm.Estimated()
					r.Estimate = &bench.Estimate{Rate: g.Rates[i], Samples: 4,
						Generated: int64(g.Estimate[i].Generated)}
				}
				all = append(all, r)
			}
		}
	}
	return h, all
}

// The results of a resumed run are in another order; the profile is the same.
func TestOrderOfResultsDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	g := randomGrid(40, random, map[string][]int{"best-of-n": {1, 4, 16}, "beam": {4, 16}},
		func(_ string, _ int, rate float64) float64 { return rate })
	h, all := results(g)
	var first []byte
	for range 3 {
		got, err := NewGrid(bench.NewMatrix(h, all, bench.ByID))
		if err != nil {
			t.Fatal(err)
		}
		p, err := got.Fit(options)
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		}
		if !bytes.Equal(text, first) {
			t.Fatalf("another order, another profile (-first +now):\n%s", cmp.Diff(string(first), string(text)))
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
}

func TestIncompleteGrids(t *testing.T) {
	g := randomGrid(20, rand.New(rand.NewPCG(1, 4)), map[string][]int{"best-of-n": {4}},
		func(string, int, float64) float64 { return 1 })
	h, all := results(g)
	for want, change := range map[string]func([]bench.Result) []bench.Result{
		"arm best-of-n 4 has 18 of 20 results": func(r []bench.Result) []bench.Result { // interrupted after 18 problems
			return slices.DeleteFunc(r, func(r bench.Result) bool { return r.Problem >= g.Problems[18] })
		},
		"arm best-of-n 4 has 19 of 20 results": func(r []bench.Result) []bench.Result { return r[1:] },
		"1 of 20 results after an estimate have none": func(r []bench.Result) []bench.Result {
			r[len(r)-1].Estimate = nil
			return r
		},
		"no arm without an estimate": func(r []bench.Result) []bench.Result { return r[20:] },
	} {
		if _, err := NewGrid(bench.NewMatrix(h, change(slices.Clone(all)), bench.ByID)); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	whole, err := NewGrid(bench.NewMatrix(h, all, bench.ByID))
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		"budgets: must have at least one budget":          {Bins: "absolute"},
		"budgets: must be at least 1, ascending and dist": {Bins: "absolute", Budgets: []int{4, 1}},
		`bins: "deciles" must be`:                         {Bins: "deciles", Budgets: []int{4}},
		`bins: "quantiles-11" must be`:                    {Bins: "quantiles-11", Budgets: []int{4}},
	} {
		if _, err := whole.Fit(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
