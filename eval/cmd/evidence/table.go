package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/eval"
	"github.com/ponder-mesh/ponder/internal/bench"
)

// A sweep is one file of results: searches by one policy with one judge.
type sweep struct {
	header   bench.Header
	problems []bench.Result // one of each problem, in a fixed order: for its id and steps
	arms     []arm
}

// An arm is what one way to search did on all problems of a sweep. Costs are means of a
// problem.
type arm struct {
	Policy     string        `json:"policy"`
	Verifier   string        `json:"verifier,omitempty"`
	Strategy   string        `json:"strategy"`
	N          int           `json:"n"`
	Accuracy   eval.Estimate `json:"accuracy"`
	Generated  float64       `json:"generated_tokens"`
	Prompt     float64       `json:"prompt_tokens"`
	Judged     float64       `json:"verifier_tokens"`
	PolicyGF   float64       `json:"policy_gflop"`
	VerifierGF float64       `json:"verifier_gflop"`
	right      []float64     // by problem
}

// readSweep reads a file of results. Every arm must have seen every problem.
func readSweep(path string) (sweep, error) {
	h, results, err := bench.ReadLog(path)
	if err != nil {
		return sweep{}, err
	}
	r := sweep{header: h}
	index := map[string]int{}
	for _, x := range results {
		if _, ok := index[x.Problem]; !ok {
			index[x.Problem] = 0
			r.problems = append(r.problems, x)
		}
	}
	slices.SortFunc(r.problems, func(a, b bench.Result) int {
		return cmp.Or(cmp.Compare(a.Steps, b.Steps), strings.Compare(a.Problem, b.Problem))
	})
	for i, p := range r.problems {
		index[p.Problem] = i
	}
	type key struct {
		name string
		n    int
	}
	of := map[key]*arm{}
	seen := map[key]int{}
	for _, x := range results {
		k := key{x.Arm, x.N}
		a := of[k]
		if a == nil {
			a = &arm{Policy: h.Policy.Name, Verifier: h.Verifier.Name, Strategy: x.Arm, N: x.N, right: make([]float64, len(r.problems))}
			of[k] = a
		}
		seen[k]++
		share := 1 / float64(len(h.Seeds))
		if x.Right {
			a.right[index[x.Problem]] += share
		}
		each := share / float64(len(r.problems))
		a.Generated += each * float64(x.Tokens.Generated)
		a.Prompt += each * float64(x.Tokens.Prompt)
		a.Judged += each * float64(x.Tokens.Verifier)
		a.PolicyGF += each * (x.FLOPs.Policy + x.FLOPs.Difficulty) / 1e9
		a.VerifierGF += each * x.FLOPs.Verifier / 1e9
	}
	for k, a := range of {
		if want := len(r.problems) * len(h.Seeds); seen[k] != want {
			return r, fmt.Errorf("%s: arm %s %d has %d of %d results: go on with ponder bench run", path, k.name, k.n, seen[k], want)
		}
		a.Accuracy = eval.Bootstrap(a.right, 1)
		r.arms = append(r.arms, *a)
	}
	slices.SortFunc(r.arms, func(a, b arm) int {
		return cmp.Or(cmp.Compare(order(a.Strategy), order(b.Strategy)), strings.Compare(a.Strategy, b.Strategy), cmp.Compare(a.N, b.N))
	})
	return r, nil
}

// order is that of tables: what needs no judge first.
func order(name string) int {
	kind, _, _ := strings.Cut(name, ":")
	return slices.Index([]string{"greedy", "majority", "best-of-n", "beam", "lookahead", "dvts", "rebase", "mcts", "particles", "revisions"}, kind)
}

// makeTable writes the evidence and the plots of some sweeps. The first is the table; the
// others are its controls.
func makeTable(out, plots string, paths []string) error {
	var sweeps []sweep
	for _, path := range paths {
		r, err := readSweep(path)
		if err != nil {
			return err
		}
		sweeps = append(sweeps, r)
	}
	first := sweeps[0]
	brief := first.only(headline...)
	results := map[string]any{
		"headline": costs(brief.arms), "headline_differences": differences(brief),
		"table": costs(first.arms), "differences": differences(first), "by_steps": bySteps(first),
	}
	var controls, all []arm
	ids := map[string]eval.Identity{}
	for i, r := range sweeps {
		if i > 0 {
			controls = append(controls, r.arms...)
		}
		all = append(all, r.arms...)
		for _, m := range []bench.Model{r.header.Policy, r.header.Verifier} {
			if m.Name != "" {
				ids[m.Name] = eval.Identity{Name: m.Name, SHA256: m.Version, Params: m.Parameters}
			}
		}
	}
	results["arms"], results["controls"] = all, controlTable(controls)
	if err := plotAll(plots, first); err != nil {
		return err
	}
	var models []eval.Identity
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		models = append(models, ids[name])
	}
	return eval.Evidence{
		Name: strings.TrimSuffix(filepath.Base(out), ".json"), What: "Held-out pocket problems through the whole mesh in one process; each search billed as if it ran alone.",
		Command: "make table", Seeds: first.header.Seeds, Models: models,
		Samples: map[string]int{"problems": len(first.problems)}, Results: results,
	}.Write(out)
}

// headline is what the README shows.
var headline = []string{"greedy", "majority", "best-of-n", "beam", "dvts", "rebase"}

// only is a sweep of some of its strategies.
func (r sweep) only(names ...string) sweep {
	r.arms = slices.DeleteFunc(slices.Clone(r.arms), func(a arm) bool { return !slices.Contains(names, a.Strategy) || a.N == 1 && a.Strategy != "greedy" })
	return r
}

func costs(arms []arm) eval.Table {
	t := eval.Table{
		Header: []string{"strategy", "N", "accuracy [95 %]", "generated", "prompt", "judged", "policy MFLOP", "verifier MFLOP"},
		Align:  []eval.Align{eval.Left, eval.Right, eval.Left, eval.Right, eval.Right, eval.Right, eval.Right, eval.Right},
	}
	for _, a := range arms {
		t.Add(a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.Prompt), fmt.Sprintf("%.0f", a.Judged),
			fmt.Sprintf("%.0f", 1e3*a.PolicyGF), fmt.Sprintf("%.0f", 1e3*a.VerifierGF))
	}
	return t
}

func controlTable(arms []arm) eval.Table {
	t := eval.Table{
		Header: []string{"policy", "verifier", "strategy", "N", "accuracy [95 %]", "generated", "judged"},
		Align:  []eval.Align{eval.Left, eval.Left, eval.Left, eval.Right, eval.Left, eval.Right, eval.Right},
	}
	for _, a := range arms {
		t.Add(a.Policy, a.Verifier, a.Strategy, fmt.Sprint(a.N), a.Accuracy.Percent(), fmt.Sprintf("%.0f", a.Generated), fmt.Sprintf("%.0f", a.Judged))
	}
	return t
}

// differences compares each arm with majority, best-of-n and greedy at the same N, on
// the same problems.
func differences(r sweep) eval.Table {
	t := eval.Table{
		Header: []string{"strategy", "N", "− greedy", "− majority", "− best-of-n"},
		Align:  []eval.Align{eval.Left, eval.Right, eval.Left, eval.Left, eval.Left},
	}
	points := func(a arm, name string, n int) string {
		i := slices.IndexFunc(r.arms, func(b arm) bool { return b.Strategy == name && b.N == n })
		if i < 0 || r.arms[i].Strategy == a.Strategy {
			return ""
		}
		d, err := eval.PairedBootstrap(a.right, r.arms[i].right, 1)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High)
	}
	for _, a := range r.arms {
		if a.N > 1 {
			t.Add(a.Strategy, fmt.Sprint(a.N), points(a, "greedy", 1), points(a, "majority", a.N), points(a, "best-of-n", a.N))
		}
	}
	return t
}

// bySteps is accuracy by the calculations that a problem needs.
func bySteps(r sweep) eval.Table {
	steps := stepsOf(r)
	t := eval.Table{Header: []string{"strategy", "N"}, Align: []eval.Align{eval.Left, eval.Right}}
	for _, s := range steps {
		t.Header, t.Align = append(t.Header, fmt.Sprintf("%d steps", s)), append(t.Align, eval.Right)
	}
	for _, a := range r.arms {
		row := []string{a.Strategy, fmt.Sprint(a.N)}
		for _, s := range steps {
			row = append(row, fmt.Sprintf("%.1f %%", 100*eval.Bootstrap(a.with(r, s), 1).Mean))
		}
		t.Add(row...)
	}
	return t
}

func stepsOf(r sweep) []int {
	kinds := map[int]bool{}
	for _, p := range r.problems {
		kinds[p.Steps] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}

// with is what the arm scored on problems of so many steps.
func (a arm) with(r sweep, steps int) (right []float64) {
	for i, p := range r.problems {
		if p.Steps == steps {
			right = append(right, a.right[i])
		}
	}
	return right
}
