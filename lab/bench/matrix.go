package bench

import (
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/lab/problemset"
)

// A Matrix holds the results of one policy with one verifier, by arm and problem.
type Matrix struct {
	Header   Header
	Problems []problemset.Problem // that have results; only with ID, Steps and Level
	Rows     []Row                // one per arm
}

// NewMatrix returns the matrix of results. order sorts the problems; rows are in the order of their first
// results. NewMatrix does not check that the results are complete.
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

// Complete returns an error unless every arm has a result of every problem of the run with every seed.
// The header has the number of problems: the results of an interrupted run may lack some of them.
func (m *Matrix) Complete() error {
	const remedy = "the run was interrupted: to resume, run ponder bench resume or the command that began the run; " +
		"ponder bench report --partial uses the problems that every arm has"
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

// Common returns the part of an interrupted run that is complete: the results of the problems that every arm has with
// every seed, with the header of a run of these problems.
func Common(h Header, results []Result) (Header, []Result) {
	arms, counts := map[Arm]bool{}, map[string]int{}
	for _, r := range results {
		arms[r.Arm] = true
		counts[r.Problem]++
	}
	lacks := func(r Result) bool { return counts[r.Problem] < len(arms)*len(h.Seeds) }
	common := slices.DeleteFunc(slices.Clone(results), lacks)
	h.Problems.Count = 0
	for _, n := range counts {
		if n == len(arms)*len(h.Seeds) {
			h.Problems.Count++
		}
	}
	return h, common
}

// Row returns the row of an arm; ok is false if the arm has no results.
func (m *Matrix) Row(a Arm) (row Row, ok bool) {
	i := slices.IndexFunc(m.Rows, func(row Row) bool { return row.Arm == a })
	if i < 0 {
		return row, false
	}
	return m.Rows[i], true
}

// Select returns the matrix of the given arms, in the given order. It leaves out arms without results.
func (m *Matrix) Select(arms ...Arm) *Matrix {
	selected := &Matrix{Header: m.Header, Problems: m.Problems}
	for _, a := range arms {
		if row, ok := m.Row(a); ok {
			selected.Rows = append(selected.Rows, row)
		}
	}
	return selected
}
