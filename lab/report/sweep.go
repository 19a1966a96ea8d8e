// Package report turns a bench's results into what people publish: curves of accuracy
// against compute with their intervals, the tables of Liu et al. 2025, pass@k, the
// Pareto front, a scaling law, and money.
//
// Everything is computed from files of results alone. One [Sweep] is one file: searches
// by one policy with one verifier on one set of problems.
package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// A Sweep is one file of results: searches by one policy with one verifier.
type Sweep struct {
	Name     string // of the file
	Header   bench.Header
	Problems []problemset.Problem // in a fixed order; with ids, steps and levels only
	Rows     []Row
	Oracle   []float64 // pass@1 by problem, of Samples samples; nil where no arm counted right samples
	Samples  int
}

// A Row is what one way to search did on all problems of a Sweep. Costs are means of a
// problem.
type Row struct {
	Arm            bench.Arm      `json:"-"`
	Policy         string         `json:"policy"`
	Verifier       string         `json:"verifier,omitempty"`
	Strategy       string         `json:"strategy"` // the arm's name
	N              int            `json:"n"`
	Accuracy       stats.Interval `json:"accuracy"`
	Generated      float64        `json:"generated_tokens"`
	Prompt         float64        `json:"prompt_tokens"`
	VerifierTokens float64        `json:"verifier_tokens"`
	Cached         float64        `json:"-"` // prompt tokens that the policy's cache had
	VerifierCached float64        `json:"-"`
	PolicyGF       float64        `json:"policy_gflop"`
	VerifierGF     float64        `json:"verifier_gflop"`
	right          []float64      // by problem
}

// Read reads a file of results. Every arm must have done every problem.
func Read(path string) (Sweep, error) {
	h, results, err := bench.ReadLog(path)
	if err != nil {
		return Sweep{}, err
	}
	m := bench.NewMatrix(h, results, bench.BySteps)
	if err := m.Complete(); err != nil {
		return Sweep{}, fmt.Errorf("%s: %w", path, err)
	}
	s := Sweep{Name: filepath.Base(path), Header: h, Problems: m.Problems}
	for _, row := range m.Rows {
		if row.Arm.Kind == bench.KindDifficulty {
			s.addOracle(row)
			continue
		}
		s.Rows = append(s.Rows, newRow(row, m))
	}
	slices.SortFunc(s.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(order(a.Arm), order(b.Arm)), strings.Compare(a.Strategy, b.Strategy),
			cmp.Compare(a.N, b.N))
	})
	return s, nil
}

// newRow returns the means of an arm's results.
func newRow(row bench.Row, m *bench.Matrix) Row {
	a := Row{Arm: row.Arm, Policy: m.Header.Policy.Name, Verifier: m.Header.Verifier.Name, Strategy: row.Arm.Name(),
		N: row.Arm.N, right: row.Right}
	a.Accuracy = stats.Bootstrap(row.Right, 1)
	each := 1 / float64(len(m.Header.Seeds)) / float64(len(m.Problems))
	for _, r := range row.Results {
		c := r.Cost(m.Header)
		a.Generated += each * c.Generated
		a.Prompt += each * c.Prompt
		a.VerifierTokens += each * c.Verifier
		a.Cached += each * c.Cached
		a.VerifierCached += each * c.VerifierCached
		a.PolicyGF += each * (c.FLOPs - c.VerifierFLOPs) / 1e9
		a.VerifierGF += each * c.VerifierFLOPs / 1e9
	}
	return a
}

// addOracle fills in pass@1 by an oracle's row, unless one of more samples did.
func (s *Sweep) addOracle(row bench.Row) {
	if row.Arm.Method != difficulty.MethodOracle || row.Arm.N < s.Samples {
		return
	}
	place := map[string]int{}
	for i, p := range s.Problems {
		place[p.ID] = i
	}
	s.Oracle, s.Samples = make([]float64, len(s.Problems)), row.Arm.N
	for _, r := range row.Results {
		if r.Estimate != nil {
			s.Oracle[place[r.Problem]] = r.Estimate.Rate
		}
	}
}

// order returns the place of an arm in tables: strategies without a verifier come first.
func order(a bench.Arm) int {
	names := strategies.Names()
	if a.Kind == bench.KindPlanned {
		return len(names)
	}
	return slices.Index(names, a.Strategy.Name())
}
