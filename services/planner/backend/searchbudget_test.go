package backend

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// A search with a budget of any size ends normally and spends no more; with a budget that
// suffices it grows the same tree as without one.
func TestSearchKeepsToItsBudget(t *testing.T) {
	p := problem("s")
	p.Extract = searchtest.Extract
	for _, arm := range []string{
		"greedy", "best-of-n", "majority", "majority:exhaustive=true", "majority:wave=4",
		"majority:confidence=0.8", "majority:wave=4:confidence=0.8",
		"beam", "beam:narrow=true", "beam:dedupe=true", "beam:m=1:max_levels=3:narrow=true:dedupe=true",
		"lookahead:k=2", "dvts", "dvts:k=1", "rebase:max_levels=40", "rebase:exact=true:max_levels=40",
		"mcts", "mcts:puct=true:final=visits", "mcts:rollout=true:final=value",
		"mcts:parallel=1:puct=true:exploration=2:rollout=true:max_levels=3",
		"particles", "particles:iterations=2:temperature=0.5:sample=true",
		"revisions:chains=4", "revisions:chains=4:flat=true", "revisions:chains=1:no_verifier=true",
		"revisions:chains=4:feedback=true",
	} {
		s, err := strategies.Parse(arm, 8)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(arm, func(t *testing.T) {
			whole := search.New(searchtest.NewLock(0.5, nil), p)
			if _, err := search.Run(t.Context(), whole, s); err != nil {
				t.Fatal(err)
			}
			for tokens := int64(1); tokens < 400; tokens += 7 {
				for _, b := range []Budget{{PolicyTokens: tokens}, {VerifierTokens: 10 * tokens}} {
					m := Meter(searchtest.NewLock(0.5, nil), b, reasoning.Model{}, reasoning.Model{})
					tree := search.New(m, p)
					spent, err := search.Run(t.Context(), tree, s)
					if err != nil {
						t.Fatalf("%+v: got error %v, want a normal end", b, err)
					}
					bill := m.Bill().Total()
					if b.PolicyTokens > 0 && bill.Generated > b.PolicyTokens ||
						b.VerifierTokens > 0 && bill.Verifier > b.VerifierTokens {
						t.Errorf("%+v: got bill %+v, want no more", b, bill)
					}
					if got := drawing(tree); !spent && tokens > 200 && got != drawing(whole) {
						t.Errorf("%+v: not spent, but another tree than without a budget:\n%s", b, got)
					}
					if faults := tree.Faults(); b.VerifierTokens > 0 && !spent && len(faults) > 0 {
						t.Errorf("%+v: got faults %q, want none", b, faults)
					}
				}
			}
		})
	}
}

// drawing returns a tree's nodes with their texts, values and states.
func drawing(t *search.Tree) string {
	var b strings.Builder
	for n := range t.Nodes() {
		fmt.Fprintf(&b, "%s %q %v %.3f %v\n", n.ID, reasoning.Join(n.Steps), n.Scored, n.Value, n.State)
	}
	return b.String()
}
