//go:build real

package main

import (
	"errors"
	"slices"

	"github.com/ponder-mesh/ponder/internal/stats"
)

// A row is one line of a table: the accuracy of a strategy and a choice.
type row struct {
	Strategy string          `json:"strategy"`
	N        int             `json:"n"`
	Choice   string          `json:"choice"`
	Accuracy stats.Interval  `json:"accuracy"`
	Versus   *stats.Interval `json:"versus_majority,omitempty"` // difference to majority at this N, same problems
	Tokens   float64         `json:"generated_tokens"`          // mean per problem
	Unended  float64         `json:"unended"`                   // share of samples that a limit cut
	right    []float64
}

// add adds the result of a problem.
func (r *row) add(right float64, t tally) {
	r.right = append(r.right, right)
	r.Tokens += t.tokens
	r.Unended += t.unended
}

// finish computes the means and the intervals of the sums.
func finish(rows []row) ([]row, error) {
	for i := range rows {
		r := &rows[i]
		k := 0
		for _, x := range r.right {
			k += int(x)
		}
		n := float64(len(r.right))
		r.Accuracy = stats.Wilson(k, len(r.right))
		r.Tokens, r.Unended = r.Tokens/n, r.Unended/n
		j := slices.IndexFunc(rows, func(m row) bool { return m.Strategy == "majority" && m.N == r.N })
		if j < 0 || rows[j].Strategy == r.Strategy {
			continue
		}
		versus, err := stats.PairedBootstrap(r.right, rows[j].right, seed)
		if err != nil {
			return nil, errors.Join(err)
		}
		r.Versus = &versus
	}
	return rows, nil
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / max(1, float64(len(xs)))
}
