package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/problemset"
)

// A Matrix is the results of one policy with one verifier, by arm, problem and seed.
type Matrix struct {
	Header   Header
	Problems []problemset.Problem // with ids, steps and levels only
	Rows     []Row                // one an arm
}

// A Row is the results of one arm on the problems of its Matrix.
type Row struct {
	Arm     Arm
	Results []Result  // in their order in the file
	Right   []float64 // share of the seeds with a right answer, by problem
	Costs   []Cost    // mean over the seeds, by problem
	seeds   int
}

// NewMatrix returns the matrix of results, with its problems in the given order and its rows
// in the order of their first results. It does not check that results are complete.
func NewMatrix(h Header, results []Result, order func(a, b problemset.Problem) int) *Matrix {
	m := &Matrix{Header: h}
	problem := map[string]int{}
	for _, r := range results {
		if _, ok := problem[r.Problem]; !ok {
			problem[r.Problem] = 0
			m.Problems = append(m.Problems, problemset.Problem{ID: r.Problem, Steps: r.Steps, Level: r.Level})
		}
	}
	slices.SortStableFunc(m.Problems, order)
	for i, p := range m.Problems {
		problem[p.ID] = i
	}
	rows := map[Arm]int{}
	for _, r := range results {
		i, ok := rows[r.Arm]
		if !ok {
			i = len(m.Rows)
			rows[r.Arm] = i
			m.Rows = append(m.Rows, Row{Arm: r.Arm, Right: make([]float64, len(m.Problems)),
				Costs: make([]Cost, len(m.Problems)), seeds: len(h.Seeds)})
		}
		m.Rows[i].add(problem[r.Problem], r, h)
	}
	return m
}

func (row *Row) add(problem int, r Result, h Header) {
	share := 1 / float64(row.seeds)
	row.Results = append(row.Results, r)
	if r.Right {
		row.Right[problem] += share
	}
	row.Costs[problem] = row.Costs[problem].Plus(r.Cost(h).Times(share))
}

// ByID orders problems by their ids.
func ByID(a, b problemset.Problem) int { return strings.Compare(a.ID, b.ID) }

// BySteps orders problems by the steps that they need, and then by their ids.
func BySteps(a, b problemset.Problem) int { return cmp.Or(cmp.Compare(a.Steps, b.Steps), ByID(a, b)) }

// As returns the order of a set.
func As(set []problemset.Problem) func(a, b problemset.Problem) int {
	place := map[string]int{}
	for i, p := range set {
		place[p.ID] = i
	}
	return func(a, b problemset.Problem) int { return place[a.ID] - place[b.ID] }
}

// Complete returns an error unless every arm has a result of every problem of the run with every seed.
// The header has the number of problems: the results of an interrupted run may lack some of them.
func (m *Matrix) Complete() error {
	const remedy = "the run was interrupted; continue it by ponder bench resume, or by the command that began it"
	problems, seeds := m.Header.Problems.Count, len(m.Header.Seeds)
	if len(m.Rows) == 0 {
		return fmt.Errorf("no results of %d problems with %d seeds: %s", problems, seeds, remedy)
	}
	for _, row := range m.Rows {
		if want := problems * seeds; len(row.Results) != want {
			return fmt.Errorf("arm %s has %d of %d results, one for each problem and seed: %s", row.Arm,
				len(row.Results), want, remedy)
		}
	}
	return nil
}

// Row returns the results of an arm; ok is false if there are none.
func (m *Matrix) Row(a Arm) (row Row, ok bool) {
	i := slices.IndexFunc(m.Rows, func(row Row) bool { return row.Arm == a })
	if i < 0 {
		return row, false
	}
	return m.Rows[i], true
}

// Only returns the matrix of these arms, in their order, without those that have no results.
func (m *Matrix) Only(arms ...Arm) *Matrix {
	some := &Matrix{Header: m.Header, Problems: m.Problems}
	for _, a := range arms {
		if row, ok := m.Row(a); ok {
			some.Rows = append(some.Rows, row)
		}
	}
	return some
}

// Accuracy returns the arm's accuracy with its 95 % interval over problems: seeds of one
// problem are not independent.
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

// Tokens returns the tokens of all results together.
func (row Row) Tokens() (sum Tokens) {
	for _, r := range row.Results {
		sum = sum.plus(r.Tokens)
	}
	return sum
}

// FLOPs returns the FLOPs of all results together.
func (row Row) FLOPs() (sum float64) {
	for _, r := range row.Results {
		sum += r.FLOPs.Sum()
	}
	return sum
}
