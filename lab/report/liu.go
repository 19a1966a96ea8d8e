package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/table"
)

// A Curve is one way to search as its budget grows.
type Curve []Arm

// Curve of a strategy, by N.
func (r Sweep) Curve(strategy string) (c Curve) {
	for _, a := range r.Arms {
		if a.Strategy == strategy {
			c = append(c, a)
		}
	}
	slices.SortFunc(c, func(a, b Arm) int { return a.N - b.N })
	return c
}

// Arm is the one with a name and N; ok is false if there is none.
func (r Sweep) Arm(strategy string, n int) (a Arm, ok bool) {
	for _, a := range r.Arms {
		if a.Strategy == strategy && a.N == n {
			return a, true
		}
	}
	return a, false
}

// Right is the share of seeds with a right answer, by the sweep's problems.
func (a Arm) Right() []float64 { return a.right }

// Points of a curve in some unit.
func (c Curve) Points(unit func(Arm) float64) (points []measure.Point) {
	for _, a := range c {
		points = append(points, measure.Point{Budget: unit(a), Accuracy: a.Accuracy.Mean})
	}
	return points
}

// Units in which a budget is counted.
var (
	Tokens = func(a Arm) float64 { return a.Generated }
	FLOPs  = func(a Arm) float64 { return a.PolicyGF + a.VerifierGF }
)

// best is the arm of the highest accuracy, the cheapest of equals; ok is false of none.
func (c Curve) best() (best Arm, ok bool) {
	for i, a := range c {
		if i == 0 || a.Accuracy.Mean > best.Accuracy.Mean || a.Accuracy.Mean == best.Accuracy.Mean && a.Generated < best.Generated {
			best, ok = a, true
		}
	}
	return best, ok
}

// optimal is the compute-optimal curve: planned searches where there are some. Else it
// is what the best strategy of each budget did on the problems that it was chosen by,
// which flatters it: name says so.
func (r Sweep) optimal() (name string, c Curve) {
	if c = r.Curve(bench.Planned); len(c) > 0 {
		return "planned", c
	}
	best := map[int]Arm{}
	for _, a := range r.Arms {
		if b, ok := best[a.N]; !strings.HasPrefix(a.Strategy, bench.Estimated) && (!ok || a.Accuracy.Mean > b.Accuracy.Mean) {
			best[a.N] = a
		}
	}
	for _, a := range best {
		c = append(c, a)
	}
	slices.SortFunc(c, func(a, b Arm) int { return a.N - b.N })
	return "best strategy of each budget, chosen on these problems", c
}

// PerformanceGain is Liu et al. 2025 (arXiv 2502.06703), Table 5: chain of thought, that
// is greedy, majority at its best and compute-optimal search at its best; how much more
// accurate the last is than the first, in per cent of it; and how many times less budget
// it needs to reach majority's best, in generated tokens and in all FLOPs. A factor below
// 1 is a loss; ">" is said where even the smallest budget is better.
func PerformanceGain(sweeps []Sweep) (table.Table, error) {
	t := table.Table{
		Header: []string{"policy", "verifier", "CoT", "majority", "compute-optimal", "gain, %", "efficiency, tokens", "efficiency, FLOPs", "compute-optimal is"},
		Align:  []table.Align{table.Left, table.Left, table.Left, table.Left, table.Left, table.Right, table.Right, table.Right, table.Left},
	}
	for _, r := range sweeps {
		cot, hasCoT := r.Curve("greedy").best()
		votes := r.Curve("majority")
		most, hasVotes := votes.best()
		name, co := r.optimal()
		top, hasCO := co.best()
		if !hasCoT || !hasVotes || !hasCO {
			continue
		}
		var gains [2]string
		for i, unit := range []func(Arm) float64{Tokens, FLOPs} {
			g, err := measure.EfficiencyGain(votes.Points(unit), co.Points(unit))
			if err != nil {
				return t, err
			}
			gains[i] = g.String()
		}
		t.Add(r.Header.Policy.Name, r.Header.Verifier.Name, cot.Accuracy.Percent(), most.Accuracy.Percent(), top.Accuracy.Percent(),
			fmt.Sprintf("%.1f", 100*(top.Accuracy.Mean-cot.Accuracy.Mean)/max(cot.Accuracy.Mean, 1e-9)), gains[0], gains[1], name)
	}
	return t, nil
}

// SmallAgainstLarge is Liu et al. 2025, Table 3: each policy's compute-optimal search
// beside the greedy answers of all policies, largest first.
func SmallAgainstLarge(sweeps []Sweep) table.Table {
	t := table.Table{
		Header: []string{"policy", "parameters", "method", "verifier", "accuracy [95 %]", "generated", "policy MFLOP", "verifier MFLOP"},
		Align:  []table.Align{table.Left, table.Right, table.Left, table.Left, table.Left, table.Right, table.Right, table.Right},
	}
	sorted := slices.Clone(sweeps)
	slices.SortStableFunc(sorted, func(a, b Sweep) int { return int(b.Header.Policy.Parameters - a.Header.Policy.Parameters) })
	add := func(r Sweep, method, verifier string, a Arm) {
		t.Add(r.Header.Policy.Name, strconv.FormatInt(r.Header.Policy.Parameters, 10), method, verifier, a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated),
			fmt.Sprintf("%.0f", 1e3*a.PolicyGF), fmt.Sprintf("%.0f", 1e3*a.VerifierGF))
	}
	said := map[string]bool{}
	for _, r := range sorted {
		if greedy, ok := r.Curve("greedy").best(); ok && !said[r.Header.Policy.Name] {
			add(r, "greedy", "", greedy)
			said[r.Header.Policy.Name] = true
		}
	}
	for _, r := range sorted {
		name, co := r.optimal()
		if best, ok := co.best(); ok && best.Strategy != "greedy" {
			add(r, fmt.Sprintf("%s, N = %d", name, best.N), r.Header.Verifier.Name, best)
		}
	}
	return t
}

// ByBudget is accuracy by method and budget.
func ByBudget(r Sweep) table.Table {
	t := table.Table{Header: []string{"method"}}
	var ns []int
	for _, a := range r.Arms {
		if !slices.Contains(ns, a.N) {
			ns = append(ns, a.N)
		}
	}
	slices.Sort(ns)
	for _, n := range ns {
		t.Header = append(t.Header, fmt.Sprintf("N = %d", n))
	}
	var names []string
	for _, a := range r.Arms {
		if !slices.Contains(names, a.Strategy) && !strings.HasPrefix(a.Strategy, bench.Estimated) {
			names = append(names, a.Strategy)
		}
	}
	for _, name := range names {
		row := []string{name}
		for _, n := range ns {
			cell := ""
			for _, a := range r.Curve(name) {
				if a.N == n {
					cell = a.Accuracy.Percent()
				}
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t
}
