package search

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
)

// Wu et al. 2024, §3.2: "W_j = Round(B_i · exp(R(n_j)/T_b) / Σ_k exp(R(n_k)/T_b))", and
// the authors' code, which shares out exactly.
func TestRebaseShares(t *testing.T) {
	for _, test := range []struct {
		what         string
		worth        []float64
		balance      float64
		paper, exact map[string]int
	}{
		// e^(ΔR/0.2) = 1, 0.368, 0.135, 0.018: of 4, that is 2.63, 0.97, 0.36, 0.05.
		{"one clear best", []float64{0.9, 0.7, 0.5, 0.1}, 0.2, map[string]int{"0": 3, "1": 1}, map[string]int{"0": 3, "1": 1}},
		// 1, 0.607, 0.368: of 3, that is 1.52, 0.92, 0.56, one more than 3 when rounded;
		// exactly: ⌈1.52⌉ = 2, then ⌈1 × 0.607 / 0.975⌉ = 1, then none.
		{"rounded up", []float64{0.9, 0.8, 0.7}, 0.2, map[string]int{"0": 2, "1": 1, "2": 1}, map[string]int{"0": 2, "1": 1}},
		// Order of asking does not matter, as the best is served first.
		{"worst first", []float64{0.7, 0.8, 0.9}, 0.2, map[string]int{"0": 1, "1": 1, "2": 2}, map[string]int{"1": 1, "2": 2}},
		// 2.5 each, rounded away from zero: 3 and 3 of 5.
		{"halves", []float64{0.9, 0.9, 0.01, 0.01, 0.01}, 0.01, map[string]int{"0": 3, "1": 3}, map[string]int{"0": 3, "1": 2}},
		{"cold", []float64{0.5, 0.51, 0.5, 0.5}, 0.001, map[string]int{"1": 4}, map[string]int{"1": 4}},
		{"so cold that weights vanish", []float64{0.01, 1, 0.01}, 0.001, map[string]int{"1": 3}, map[string]int{"1": 3}},
		{"hot", []float64{0.9, 0.1, 0.5, 0.3}, 1000, map[string]int{"0": 1, "1": 1, "2": 1, "3": 1}, map[string]int{"0": 2, "2": 1, "3": 1}},
	} {
		for exact, want := range map[bool]map[string]int{false: test.paper, true: test.exact} {
			w := bySpec(9, func(id string) spec {
				if len(id) == 1 {
					return spec{worth: test.worth[id[0]-'0']}
				}
				return spec{}
			})
			tree := mustRun(t, w, Rebase{N: len(test.worth), Balance: test.balance, Exact: exact, MaxLevels: 2})
			if got := childCounts(levelsOf(tree)[0]...); len(got) != len(want) {
				t.Errorf("%s, exact %t: got %v, want %v", test.what, exact, got, want)
			} else {
				wantEqual(t, test.what, got, want)
			}
			for _, n := range levelsOf(tree)[0] {
				if (n.State == StatePruned) != (len(n.Children) == 0) {
					t.Errorf("%s, exact %t: node %s with %d children is %v", test.what, exact, n.ID, len(n.Children), n.State)
				}
			}
		}
	}
}

// "B_{i+1} ← B_i − C_i, where C_i is the number of completed solutions at depth i", and
// ours: "A node that a limit cut uses its place up like one that ended".
func TestRebaseShrinks(t *testing.T) {
	tree := mustRun(t, bySpec(4, func(id string) spec {
		switch id {
		case "0", "3":
			return spec{finish: reasoning.FinishEnd}
		case "2.0":
			return spec{finish: reasoning.FinishLength}
		}
		return spec{} // all worth the same
	}), Rebase{N: 6, Balance: 0.2, MaxLevels: 40})
	wantEqual(t, "levels", levelSizes(tree), []int{6, 6 - 2, 6 - 2 - 1, 6 - 2 - 1})
}

// "Exact": a level has exactly its budget of children, whatever ends, while any is open.
func TestRebaseExactKeepsItsBudget(t *testing.T) {
	for seed := range 20 {
		p := newProblem("31415926535")
		p.Seed = reasoning.Seed(seed)
		tree := New(endsAtSeven{searchtest.NewLock(0.5, nil)}, p)
		if _, err := Run(t.Context(), tree, Rebase{N: 16, Balance: 0.2, Exact: true, MaxLevels: 40}); err != nil {
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

// "A node that could not be judged counts as reward 0": it is not dropped (algorithms.md
// §7, item 5: a peer drops it silently).
func TestRebaseUnscored(t *testing.T) {
	w := bySpec(3, func(id string) spec {
		if id == "1" {
			return spec{unscored: errors.New("no scores")}
		}
		return spec{worth: 0.5}
	})
	// 1, 0.61, 1, 1 of 4 are 1.11, 0.67, 1.11, 1.11.
	tree := mustRun(t, w, Rebase{N: 4, Balance: 1, MaxLevels: 2})
	wantEqual(t, "children", childCounts(levelsOf(tree)[0]...), map[string]int{"0": 1, "1": 1, "2": 1, "3": 1})
	wantEqual(t, "faults", tree.Faults(), []string{"some nodes were not scored: no scores (1 times)"})
}

// "rounding must not end a search that has budget left".
func TestRebaseRoundsToNone(t *testing.T) {
	w := bySpec(9, func(id string) spec {
		// Of 5: 1.55, 1.55, 0.63, 0.63, 0.63, which are 7 when rounded. Of these four end:
		// one place is left for three that are worth the same.
		worth := map[string]float64{"0": 0.9, "1": 0.9, "2": 0.72, "3": 0.72, "4": 0.72}
		m := spec{worth: worth[id]}
		if len(id) > 1 && strings.Count(id, ".") == 1 && id[0] < '2' {
			m.finish = reasoning.FinishEnd
		}
		return m
	})
	tree := mustRun(t, w, Rebase{N: 5, Balance: 0.2, MaxLevels: 40})
	wantEqual(t, "first levels", levelSizes(tree)[:3], []int{5, 7, 1})
}
