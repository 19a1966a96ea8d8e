package bench

import (
	"time"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/problemset"
)

// A Row is what one arm did on all problems.
type Row struct {
	Arm
	Right    []float64 // share of seeds with a right answer, problem by problem
	Searches []string  // their ids
	Tokens   Tokens
	FLOPs    float64
	Wall     time.Duration // where the arm ran alone

	seeds map[uint64]bool
}

// Rows sums up results by arm, in the arms' order. Results of other arms are passed
// over.
func Rows(arms []Arm, set []problemset.Problem, results []Result) []Row {
	place, of := map[string]int{}, map[string]*Row{}
	for i, p := range set {
		place[p.ID] = i
	}
	rows := make([]Row, len(arms))
	for i, a := range arms {
		rows[i] = Row{Arm: a, Right: make([]float64, len(set)), seeds: map[uint64]bool{}}
		of[a.String()] = &rows[i]
	}
	for _, r := range results {
		if row := of[Arm{Name: r.Arm, N: r.N}.String()]; row != nil {
			row.add(place[r.Problem], r)
		}
	}
	for _, row := range rows {
		for i := range row.Right {
			row.Right[i] /= float64(max(1, len(row.seeds)))
		}
	}
	return rows
}

func (row *Row) add(problem int, r Result) {
	row.seeds[r.Seed] = true
	if r.Right {
		row.Right[problem]++
	}
	row.Searches = append(row.Searches, r.Search)
	row.Tokens.Generated += r.Tokens.Generated
	row.Tokens.Prompt += r.Tokens.Prompt
	row.Tokens.Cached += r.Tokens.Cached
	row.Tokens.Verifier += r.Tokens.Verifier
	row.Tokens.VerifierCached += r.Tokens.VerifierCached
	row.FLOPs += r.FLOPs.Policy + r.FLOPs.Verifier + r.FLOPs.Difficulty
}

// Accuracy of the arm with its 95 % interval, over problems: seeds of one problem are
// not independent.
func (row Row) Accuracy() stats.Interval {
	if len(row.seeds) > 1 {
		return stats.Bootstrap(row.Right, 1)
	}
	right := 0
	for _, x := range row.Right {
		right += int(x)
	}
	return stats.Wilson(right, len(row.Right))
}
