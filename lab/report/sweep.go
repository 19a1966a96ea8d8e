// Package report computes tables and figures from bench results: curves of accuracy against compute with
// intervals, the tables of Liu et al. 2025, pass@k, the Pareto front, a scaling law, and prices.
//
// All measurements come from results files. A [Sweep] holds one file: searches by one policy with one
// verifier on one problem set.
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

// A Sweep holds the results of one file, with the means of each arm and pass@1 of each problem.
type Sweep struct {
	Name     string // of the file
	Header   bench.Header
	Problems []problemset.Problem // by steps, then id; only with ID, Steps and Level
	Rows     []Row                // one per arm that searches
	Oracle   []float64            // pass@1 by problem, from Samples samples; nil without an oracle arm
	Samples  int                  // of the oracle arm, per problem
	Warnings []string             // why the file may not hold what was written to it
}

// A Row holds the accuracy and the costs of one arm on all problems of a Sweep. Costs are means per
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
	Cached         float64        `json:"-"` // prompt tokens that were in the policy's cache
	VerifierCached float64        `json:"-"`
	PolicyGF       float64        `json:"policy_gflop"`
	VerifierGF     float64        `json:"verifier_gflop"`
	right          []float64      // share of seeds with a right answer, by problem
}

// Read reads a results file. It returns an error if an arm lacks the result of a problem or a seed.
func Read(path string) (Sweep, error) {
	c, err := bench.ReadLog(path)
	if err != nil {
		return Sweep{}, err
	}
	return newSweep(path, c)
}

// ReadPartial reads the results file of a run that may be interrupted: of the problems that every arm has. A warning says
// how many these are.
func ReadPartial(path string) (Sweep, error) {
	c, err := bench.ReadLog(path)
	if err != nil {
		return Sweep{}, err
	}
	whole, warnings := c.Header.Problems.Count, c.Warnings()
	c.Header, c.Results = bench.Common(c.Header, c.Results)
	s, err := newSweep(path, c)
	s.Warnings = warnings
	if n := c.Header.Problems.Count; n < whole {
		s.Warnings = append(s.Warnings, fmt.Sprintf("the run is not complete: %d of %d problems have a result of every arm", n, whole))
	}
	return s, err
}

// newSweep returns the sweep of a file.
func newSweep(path string, c bench.Contents) (Sweep, error) {
	m := bench.NewMatrix(c.Header, c.Results, bench.BySteps)
	if err := m.Complete(); err != nil {
		return Sweep{}, fmt.Errorf("%s: %w", path, err)
	}
	s := Sweep{Name: filepath.Base(path), Header: c.Header, Problems: m.Problems, Warnings: c.Warnings()}
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

// newRow returns the means of an arm's results. The interval of the accuracy is always a bootstrap, whereas
// bench.Row.Accuracy uses Wilson's for one seed: a report compares rows by resampling the same problems.
func newRow(row bench.Row, m *bench.Matrix) Row {
	r := Row{Arm: row.Arm, Policy: m.Header.Policy.Name, Verifier: m.Header.Verifier.Name, Strategy: row.Arm.Name(),
		N: row.Arm.N, right: row.Right}
	r.Accuracy = stats.Bootstrap(row.Right, 1)
	each := 1 / float64(len(m.Header.Seeds)) / float64(len(m.Problems))
	for _, result := range row.Results {
		c := result.Cost(m.Header)
		r.Generated += each * c.Generated
		r.Prompt += each * c.Prompt
		r.VerifierTokens += each * c.Verifier
		r.Cached += each * c.Cached
		r.VerifierCached += each * c.VerifierCached
		r.PolicyGF += each * (c.FLOPs - c.VerifierFLOPs) / 1e9
		r.VerifierGF += each * c.VerifierFLOPs / 1e9
	}
	return r
}

// addOracle sets Oracle and Samples from the row of an oracle arm, unless an oracle arm with more samples
// has set them.
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

// order returns the place of an arm in tables: that of its strategy in strategies.Names, planned last.
func order(a bench.Arm) int {
	names := strategies.Names()
	if a.Kind == bench.KindPlanned {
		return len(names)
	}
	return slices.Index(names, a.Strategy.Name())
}
