package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
)

// "W_j = Round(B_i · exp(R(n_j)/T_b) / Σ_k exp(R(n_k)/T_b))" (Wu et al. 2024, §3.2), and the
// authors' code, whose widths sum to B_i.
func TestRebaseWidths(t *testing.T) {
	for _, test := range []struct {
		name         string
		scores       []float64
		balance      float64
		paper, exact map[string]int
	}{
		// e^(ΔR/0.2) = 1, 0.368, 0.135, 0.018: of 4, that is 2.63, 0.97, 0.36, 0.05.
		{
			"one clear best", []float64{0.9, 0.7, 0.5, 0.1}, 0.2,
			map[string]int{"0": 3, "1": 1}, map[string]int{"0": 3, "1": 1},
		},
		// 1, 0.607, 0.368: of 3, that is 1.52, 0.92, 0.56, one more than 3 when rounded;
		// exactly: ⌈1.52⌉ = 2, then ⌈1 × 0.607 / 0.975⌉ = 1, then none.
		{
			"rounded up", []float64{0.9, 0.8, 0.7}, 0.2,
			map[string]int{"0": 2, "1": 1, "2": 1}, map[string]int{"0": 2, "1": 1},
		},
		// The order of the nodes does not matter: the best comes first.
		{
			"worst first", []float64{0.7, 0.8, 0.9}, 0.2,
			map[string]int{"0": 1, "1": 1, "2": 2}, map[string]int{"1": 1, "2": 2},
		},
		// 2.5 each, rounded away from zero: 3 and 3 of 5.
		{
			"halves", []float64{0.9, 0.9, 0.01, 0.01, 0.01}, 0.01,
			map[string]int{"0": 3, "1": 3}, map[string]int{"0": 3, "1": 2},
		},
		{"cold", []float64{0.5, 0.51, 0.5, 0.5}, 0.001, map[string]int{"1": 4}, map[string]int{"1": 4}},
		{"so cold that weights are 0", []float64{0.01, 1, 0.01}, 0.001, map[string]int{"1": 3}, map[string]int{"1": 3}},
		{
			"hot", []float64{0.9, 0.1, 0.5, 0.3}, 1000,
			map[string]int{"0": 1, "1": 1, "2": 1, "3": 1}, map[string]int{"0": 2, "2": 1, "3": 1},
		},
	} {
		for exact, want := range map[bool]map[string]int{false: test.paper, true: test.exact} {
			b := bySpec(9, func(id string) spec {
				if len(id) == 1 {
					return spec{score: test.scores[id[0]-'0']}
				}
				return spec{}
			})
			name := fmt.Sprintf("%s, exact %t", test.name, exact)
			tree := mustRun(t, b, Rebase{N: len(test.scores), Balance: test.balance, Exact: exact, MaxLevels: 2})
			wantEqual(t, name, childCounts(levelsOf(tree)[0]...), want)
			for _, n := range levelsOf(tree)[0] {
				if (n.State == StatePruned) != (len(n.Children) == 0) {
					t.Errorf("%s: node %s with %d children is %v", name, n.ID, len(n.Children), n.State)
				}
			}
		}
	}
}

// "B_{i+1} ← B_i − C_i, where C_i is the number of completed solutions at depth i" (Wu et al.
// 2024, §3.2). "A node that a token limit cut reduces the budget like one that ended, as in the
// authors' code."
func TestRebaseShrinks(t *testing.T) {
	tree := mustRun(t, bySpec(4, func(id string) spec {
		switch id {
		case "0", "3":
			return spec{finish: reasoning.FinishEnd}
		case "2.0":
			return spec{finish: reasoning.FinishLength}
		}
		return spec{} // all scores are equal
	}), Rebase{N: 6, Balance: 0.2, MaxLevels: 40})
	wantEqual(t, "levels", levelSizes(tree), []int{6, 6 - 2, 6 - 2 - 1, 6 - 2 - 1})
}

// With Exact, as long as a node is open, a level has exactly as many nodes as its budget.
func TestRebaseExactKeepsItsBudget(t *testing.T) {
	for seed := range 20 {
		p := newProblem("31415926535")
		p.Seed = reasoning.Seed(seed)
		tree := New(endsAtSeven{searchtest.NewLock(0.5, nil)}, p)
		s := Rebase{N: 16, Balance: 0.2, Exact: true, MaxLevels: 40}
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		budget := 16
		for i, level := range levelsOf(tree) {
			if len(level) != budget {
				t.Errorf("seed %d: level %d has %d nodes, want %d", seed, i+1, len(level), budget)
			}
			budget -= len(slices.DeleteFunc(level, (*Node).Open))
		}
	}
}

// "A node without scores counts as reward 0": it is not dropped.
func TestRebaseUnscored(t *testing.T) {
	b := bySpec(3, func(id string) spec {
		if id == "1" {
			return spec{unscored: errors.New("no scores")}
		}
		return spec{score: 0.5}
	})
	// 1, 0.61, 1, 1 of 4 are 1.11, 0.67, 1.11, 1.11.
	tree := mustRun(t, b, Rebase{N: 4, Balance: 1, MaxLevels: 2})
	wantEqual(t, "children", childCounts(levelsOf(tree)[0]...), map[string]int{"0": 1, "1": 1, "2": 1, "3": 1})
	wantEqual(t, "faults", tree.Faults(), []string{"some nodes were not scored: no scores (1 times)"})
}

// "rounding must not end a search that has budget left".
func TestRebaseRoundsToNone(t *testing.T) {
	// The shares of 5 are 1.55, 1.55, 0.63, 0.63 and 0.63, which sum to 7 when rounded. Four of
	// these nodes end: one child remains for three nodes of equal scores.
	scores := map[string]float64{"0": 0.9, "1": 0.9, "2": 0.72, "3": 0.72, "4": 0.72}
	b := bySpec(9, func(id string) spec {
		s := spec{score: scores[id]}
		if strings.Count(id, ".") == 1 && id[0] < '2' {
			s.finish = reasoning.FinishEnd
		}
		return s
	})
	tree := mustRun(t, b, Rebase{N: 5, Balance: 0.2, MaxLevels: 40})
	wantEqual(t, "first levels", levelSizes(tree)[:3], []int{5, 7, 1})
}
