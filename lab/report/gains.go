package report

import (
	"fmt"

	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/table"
)

// PerformanceGain returns Table 5 of Liu et al. 2025 (arXiv 2502.06703): the best accuracies of chain of
// thought (greedy), majority, and compute-optimal search; the relative gain of compute-optimal search over
// chain of thought in per cent; and its efficiency, the budget of majority's best accuracy over the budget
// at which compute-optimal search reaches it, in generated tokens and in all FLOPs. An efficiency below 1
// is a loss; ">" marks a lower bound, where even the smallest budget is better.
func PerformanceGain(sweeps []Sweep) (table.Table, error) {
	t := table.New("policy", "verifier", "CoT", "majority", "compute-optimal", ">gain, %", ">efficiency, tokens",
		">efficiency, FLOPs", "compute-optimal is")
	for _, s := range sweeps {
		cot, hasCoT := s.Curve("greedy").best()
		votes := s.Curve("majority")
		most, hasVotes := votes.best()
		name, co := s.optimal()
		top, hasCO := co.best()
		if !hasCoT || !hasVotes || !hasCO {
			continue
		}
		var gains [2]string
		for i, unit := range []func(Row) float64{Tokens, GFLOP} {
			g, err := measure.EfficiencyGain(votes.Points(unit), co.Points(unit))
			if err != nil {
				return t, err
			}
			gains[i] = g.String()
		}
		t.Add(s.Header.Policy.Name, s.Header.Verifier.Name, cot.Accuracy.Percent(), most.Accuracy.Percent(),
			top.Accuracy.Percent(),
			fmt.Sprintf("%.1f", 100*(top.Accuracy.Mean-cot.Accuracy.Mean)/max(cot.Accuracy.Mean,
				1e-9)), gains[0], gains[1], name)
	}
	return t, nil
}
