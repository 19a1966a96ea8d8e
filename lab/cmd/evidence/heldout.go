package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/report"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A heldOutArm holds the accuracy and the costs of one arm on held-out problems.
type heldOutArm struct {
	right           []float64 // share of seeds with a right answer, by problem
	generated, flop float64   // sums of tokens and of GFLOP
}

// add adds the problems of a row.
func (s *heldOutArm) add(r report.Row) {
	n := float64(len(r.Right()))
	s.right = append(s.right, r.Right()...)
	s.generated += n * r.Generated
	s.flop += n * report.GFLOP(r)
}

// point returns the accuracy and the budget of the arm; the budget is the mean of a sum over problems.
func (s heldOutArm) point(sum float64) measure.Point {
	return measure.Point{Budget: sum / float64(len(s.right)), Accuracy: stats.Bootstrap(s.right, 1).Mean}
}

func plannedArm(budget int) bench.Arm { return bench.Arm{Kind: bench.KindPlanned, N: budget} }

func majorityArm(n int) bench.Arm { return bench.Arm{N: n, Strategy: search.Majority{N: n}} }

// heldOut returns the tables that compare three arms on both halves of the problems: searches that were planned
// by the profile of the other half, the strategy that was best for all problems of the other half, and majority.
func heldOut(dir string) (map[string]any, error) {
	t := table.New(">budget", "planned", ">tokens", "best for all on the other half", ">tokens", "difference",
		"majority", ">tokens")
	planned, uniform, votes := map[int]*heldOutArm{}, map[int]*heldOutArm{}, map[int]*heldOutArm{}
	var ns []int
	for half := 1; half <= 2; half++ {
		other, err := readCalibration(filepath.Join(dir, fmt.Sprintf("half%d", 3-half)))
		if err != nil {
			return nil, err
		}
		here, err := readSweep(filepath.Join(dir, fmt.Sprintf("half%d", half), "results.jsonl"))
		if err != nil {
			return nil, err
		}
		searches, err := readSweep(filepath.Join(dir, fmt.Sprintf("planned-%d.jsonl", half)))
		if err != nil {
			return nil, err
		}
		for _, b := range other.profile.Budgets {
			if half == 1 {
				ns = append(ns, b.N)
				planned[b.N], uniform[b.N], votes[b.N] = &heldOutArm{}, &heldOutArm{}, &heldOutArm{}
			}
			best, err := bench.ParseArm(b.Uniform.Strategy, b.Uniform.N)
			if err != nil {
				return nil, err
			}
			for _, want := range []struct {
				from report.Sweep
				arm  bench.Arm
				to   *heldOutArm
			}{{searches, plannedArm(b.N), planned[b.N]}, {here, best, uniform[b.N]}, {here, majorityArm(b.N),
				votes[b.N]}} {
				row, ok := want.from.Find(want.arm)
				if !ok {
					return nil, fmt.Errorf("%s has no arm %s: run the campaign again", want.from.Name, want.arm)
				}
				want.to.add(row)
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
		t.Add(fmt.Sprint(n), stats.Bootstrap(p.right, 1).Percent(), fmt.Sprintf("%.0f", p.generated/count),
			stats.Bootstrap(u.right, 1).Percent(), fmt.Sprintf("%.0f", u.generated/count),
			points(d), stats.Bootstrap(v.right, 1).Percent(), fmt.Sprintf("%.0f", v.generated/count))
		tokens[0], tokens[1] = append(tokens[0], v.point(v.generated)), append(tokens[1], p.point(p.generated))
		flops[0], flops[1] = append(flops[0], v.point(v.flop)), append(flops[1], p.point(p.flop))
	}
	byTokens, err1 := measure.EfficiencyGain(tokens[0], tokens[1])
	byFLOPs, err2 := measure.EfficiencyGain(flops[0], flops[1])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	gain := table.New("efficiency gain over majority", ">×")
	gain.Add("in generated tokens, the estimate's included", byTokens.String())
	gain.Add("in FLOPs, the verifier's included", byFLOPs.String())
	return map[string]any{"table": t, "gain": gain}, nil
}
