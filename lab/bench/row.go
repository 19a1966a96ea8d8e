package bench

import "github.com/ponder-mesh/ponder/internal/stats"

// A Row holds the results of one arm on the problems of its Matrix.
type Row struct {
	Arm     Arm
	Results []Result  // in the order of the file
	Right   []float64 // share of seeds with a right answer, by problem
	Costs   []Cost    // mean over seeds, by problem
	seeds   int       // of the run
}

// add adds the result of a problem with one of the seeds.
func (row *Row) add(problem int, r Result, h Header) {
	share := 1 / float64(row.seeds)
	row.Results = append(row.Results, r)
	if r.Right {
		row.Right[problem] += share
	}
	row.Costs[problem] = row.Costs[problem].Add(r.Cost(h).Times(share))
}

// Accuracy returns the arm's accuracy with its 95 % interval over problems, since the seeds of one problem
// are not independent: Wilson's for one seed, a bootstrap for several.
func (row Row) Accuracy() stats.Interval {
	if row.seeds > 1 {
		return stats.Bootstrap(row.Right, 1)
	}
	right := 0
	for _, x := range row.Right {
		right += int(x)
	}
	return stats.Wilson(right, len(row.Right))
}

// Tokens returns the sum of the results' tokens.
func (row Row) Tokens() (sum Tokens) {
	for _, r := range row.Results {
		sum = sum.Add(r.Tokens)
	}
	return sum
}

// FLOPs returns the sum of the results' FLOPs.
func (row Row) FLOPs() (sum float64) {
	for _, r := range row.Results {
		sum += r.FLOPs.Sum()
	}
	return sum
}
