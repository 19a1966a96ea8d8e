package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/report"
	"github.com/ponder-mesh/ponder/lab/table"
)

// A score is one way to search on held-out problems.
type score struct {
	right                   []float64
	generated, judged, flop float64 // sums
}

func (s *score) add(a report.Arm) {
	n := float64(len(a.Right()))
	s.right = append(s.right, a.Right()...)
	s.generated += n * a.Generated
	s.judged += n * a.Judged
	s.flop += n * report.FLOPs(a)
}

func (s score) point(sum float64) measure.Point {
	return measure.Point{Budget: sum / float64(len(s.right)), Accuracy: stats.Bootstrap(s.right, 1).Mean}
}

// heldOut joins two halves: searches that a planner really planned, by a profile of the
// other half, beside the strategy that was best for all on that other half, and
// majority, on the same problems.
func heldOut(dir string) (map[string]any, error) {
	t := table.Table{
		Header: []string{"budget", "planned", "tokens", "best for all on the other half", "tokens", "difference", "majority", "tokens"},
		Align:  []table.Align{table.Right, table.Left, table.Right, table.Left, table.Right, table.Left, table.Left, table.Right},
	}
	planned, uniform, votes := map[int]*score{}, map[int]*score{}, map[int]*score{}
	var ns []int
	for half := 1; half <= 2; half++ {
		other, err := readCalibration(filepath.Join(dir, fmt.Sprintf("half%d", 3-half)))
		if err != nil {
			return nil, err
		}
		here, err := report.Read(filepath.Join(dir, fmt.Sprintf("half%d", half), "results.jsonl"))
		if err != nil {
			return nil, err
		}
		really, err := report.Read(filepath.Join(dir, fmt.Sprintf("planned-%d.jsonl", half)))
		if err != nil {
			return nil, err
		}
		for _, b := range other.profile.Budgets {
			if half == 1 {
				ns = append(ns, b.N)
				planned[b.N], uniform[b.N], votes[b.N] = &score{}, &score{}, &score{}
			}
			for _, want := range []struct {
				from report.Sweep
				name string
				n    int
				to   *score
			}{{really, bench.Planned, b.N, planned[b.N]}, {here, b.Uniform.Strategy, b.Uniform.N, uniform[b.N]}, {here, "majority", b.N, votes[b.N]}} {
				a, ok := want.from.Arm(want.name, want.n)
				if !ok {
					return nil, fmt.Errorf("%s has no arm %s %d", want.from.Name, want.name, want.n)
				}
				want.to.add(a)
			}
		}
	}
	var tokens, flops [2][]measure.Point
	for _, n := range ns {
		p, u, v := planned[n], uniform[n], votes[n]
		d, err := stats.PairedBootstrap(p.right, u.right, 1)
		if err != nil {
			return nil, err
		}
		count := float64(len(p.right))
		t.Add(fmt.Sprint(n), stats.Bootstrap(p.right, 1).Percent(), fmt.Sprintf("%.0f", p.generated/count), stats.Bootstrap(u.right, 1).Percent(), fmt.Sprintf("%.0f", u.generated/count),
			points(d), stats.Bootstrap(v.right, 1).Percent(), fmt.Sprintf("%.0f", v.generated/count))
		tokens[0], tokens[1] = append(tokens[0], v.point(v.generated)), append(tokens[1], p.point(p.generated))
		flops[0], flops[1] = append(flops[0], v.point(v.flop)), append(flops[1], p.point(p.flop))
	}
	byTokens, err1 := measure.EfficiencyGain(tokens[0], tokens[1])
	byFLOPs, err2 := measure.EfficiencyGain(flops[0], flops[1])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	gain := table.Table{Header: []string{"efficiency gain over majority", "×"}, Align: []table.Align{table.Left, table.Right}}
	gain.Add("in generated tokens, the estimate's included", byTokens.String())
	gain.Add("in FLOPs, the verifier's included", byFLOPs.String())
	return map[string]any{"table": t, "gain": gain}, nil
}

// unmeasured is what a planner does with the biased judge that nobody calibrated, by the
// rule of thumb, beside what calibration would have chosen.
func unmeasured(dir string) (table.Table, error) {
	t := table.Table{
		Header: []string{"budget", "rule of thumb", "tokens", "calibrated, by cross-validation", "tokens", "majority"},
		Align:  []table.Align{table.Right, table.Left, table.Right, table.Left, table.Right, table.Left},
	}
	thumb, err := report.Read(filepath.Join(dir, "biased-thumb.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	c, err := readCalibration(filepath.Join(dir, "biased"))
	if err != nil {
		return t, err
	}
	for _, b := range c.profile.Budgets {
		if a, ok := thumb.Arm(bench.Planned, b.N); ok {
			votes, _ := c.sweep.Arm("majority", b.N)
			t.Add(fmt.Sprint(b.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), b.Measured.Chosen.Accuracy.Percent(), fmt.Sprintf("%.0f", b.Measured.Chosen.Generated), votes.Accuracy.Percent())
		}
	}
	return t, nil
}

// sizes is small policies that search beside large ones that answer greedily.
func sizes(dir string) (table.Table, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "greedy-*.jsonl"))
	if err != nil {
		return table.Table{}, err
	}
	pairs, err := filepath.Glob(filepath.Join(dir, "*", "profile.json"))
	if err != nil {
		return table.Table{}, err
	}
	t := table.Table{
		Header: []string{"policy", "parameters", "method", "verifier", "accuracy [95 %]", "generated", "policy MFLOP", "verifier MFLOP"},
		Align:  []table.Align{table.Left, table.Right, table.Left, table.Left, table.Left, table.Right, table.Right, table.Right},
	}
	for _, path := range paths {
		r, err := report.Read(path)
		if err != nil {
			return t, err
		}
		if a, ok := r.Arm("greedy", 1); ok {
			t.Add(r.Header.Policy.Name, fmt.Sprint(r.Header.Policy.Parameters), "greedy", "", a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", 1e3*a.PolicyGF), "0")
		}
	}
	for _, path := range pairs {
		if name := filepath.Base(filepath.Dir(path)); name == "half1" || name == "half2" {
			continue
		}
		c, err := readCalibration(filepath.Dir(path))
		if err != nil {
			return t, err
		}
		for _, b := range c.profile.Budgets {
			o := b.Measured.Chosen
			t.Add(c.profile.Policy.Name, fmt.Sprint(c.profile.Policy.Parameters), fmt.Sprintf("compute-optimal, budget %d", b.N), c.profile.Verifier.Name, o.Accuracy.Percent(),
				fmt.Sprintf("%.0f", o.Generated), fmt.Sprintf("%.0f", 1e-6*(o.FLOPs-o.Judging)), fmt.Sprintf("%.0f", 1e-6*o.Judging))
		}
	}
	return t, nil
}
