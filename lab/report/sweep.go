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
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A Sweep is one file of results: searches by one policy with one judge.
type Sweep struct {
	Name     string // of the file
	Header   bench.Header
	Problems []bench.Result // one of each problem, in a fixed order: for its id and steps
	Arms     []Arm
	Oracle   []float64 // pass@1 by problem, of so many samples; nil where nobody counted
	Samples  int
}

// An Arm is what one way to search did on all problems of a Sweep. Costs are means of a
// problem.
type Arm struct {
	Policy       string         `json:"policy"`
	Verifier     string         `json:"verifier,omitempty"`
	Strategy     string         `json:"strategy"`
	N            int            `json:"n"`
	Accuracy     stats.Interval `json:"accuracy"`
	Generated    float64        `json:"generated_tokens"`
	Prompt       float64        `json:"prompt_tokens"`
	Judged       float64        `json:"verifier_tokens"`
	Cached       float64        `json:"-"` // prompt tokens that were read before
	JudgedCached float64        `json:"-"`
	PolicyGF     float64        `json:"policy_gflop"`
	VerifierGF   float64        `json:"verifier_gflop"`
	right        []float64      // by problem
}

// Read reads a file of results. Every arm must have seen every problem.
func Read(path string) (Sweep, error) {
	h, results, err := bench.ReadLog(path)
	if err != nil {
		return Sweep{}, err
	}
	r := Sweep{Name: filepath.Base(path), Header: h}
	index := map[string]int{}
	for _, x := range results {
		if _, ok := index[x.Problem]; !ok {
			index[x.Problem] = 0
			r.Problems = append(r.Problems, x)
		}
	}
	slices.SortFunc(r.Problems, func(a, b bench.Result) int {
		return cmp.Or(cmp.Compare(a.Steps, b.Steps), strings.Compare(a.Problem, b.Problem))
	})
	for i, p := range r.Problems {
		index[p.Problem] = i
	}
	type key struct {
		name string
		n    int
	}
	of := map[key]*Arm{}
	seen := map[key]int{}
	for _, x := range results {
		if strings.HasPrefix(x.Arm, bench.OnlyHard) {
			r.know(index[x.Problem], x)
			continue
		}
		k := key{x.Arm, x.N}
		a := of[k]
		if a == nil {
			a = &Arm{Policy: h.Policy.Name, Verifier: h.Verifier.Name, Strategy: x.Arm, N: x.N, right: make([]float64, len(r.Problems))}
			of[k] = a
		}
		seen[k]++
		share := 1 / float64(len(h.Seeds))
		if x.Right {
			a.right[index[x.Problem]] += share
		}
		each := share / float64(len(r.Problems))
		a.Generated += each * float64(x.Tokens.Generated)
		a.Prompt += each * float64(x.Tokens.Prompt)
		a.Judged += each * float64(x.Tokens.Verifier)
		a.Cached += each * float64(x.Tokens.Cached)
		a.JudgedCached += each * float64(x.Tokens.VerifierCached)
		judging := 0.0 // of estimating difficulty
		if x.Estimate != nil {
			judging = reasoning.Model{Parameters: h.Verifier.Parameters}.FLOPs(x.Estimate.Verifier)
		}
		a.PolicyGF += each * (x.FLOPs.Policy + x.FLOPs.Difficulty - judging) / 1e9
		a.VerifierGF += each * (x.FLOPs.Verifier + judging) / 1e9
	}
	for k, a := range of {
		if want := len(r.Problems) * len(h.Seeds); seen[k] != want {
			return r, fmt.Errorf("%s: arm %s %d has %d of %d results: go on with ponder bench run", path, k.name, k.n, seen[k], want)
		}
		a.Accuracy = stats.Bootstrap(a.right, 1)
		r.Arms = append(r.Arms, *a)
	}
	slices.SortFunc(r.Arms, func(a, b Arm) int {
		return cmp.Or(cmp.Compare(order(a.Strategy), order(b.Strategy)), strings.Compare(a.Strategy, b.Strategy), cmp.Compare(a.N, b.N))
	})
	return r, nil
}

// know takes in what an oracle counted, of the most samples.
func (r *Sweep) know(problem int, x bench.Result) {
	if x.Arm != bench.OnlyHard+difficulty.MethodOracle.String() || x.N < r.Samples || x.Estimate == nil {
		return
	}
	if r.Oracle == nil {
		r.Oracle = make([]float64, len(r.Problems))
	}
	r.Oracle[problem], r.Samples = x.Estimate.Rate, x.N
}

// order is that of tables: what needs no judge first.
func order(name string) int {
	kind, _, _ := strings.Cut(name, ":")
	return slices.Index([]string{"greedy", "majority", "best-of-n", "beam", "lookahead", "dvts", "rebase", "mcts", "particles", "revisions", bench.Planned}, strings.TrimPrefix(kind, bench.Estimated))
}
