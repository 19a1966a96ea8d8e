package mesh_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	policyengine "github.com/ponder-mesh/ponder/services/policy/engine"
)

// named is a strategy as a person asks for it.
func named(name string, set ...string) search.Strategy {
	s, err := strategies.New(name, set...)
	if err != nil {
		panic(err)
	}
	return s
}

// Every strategy solves a problem through the whole mesh, by gRPC, with models that
// really err and really judge: it ends by itself, with an answer that one of its nodes says.
func TestEveryStrategySolves(t *testing.T) {
	problem, err := problems.Take(1, problems.Options{Split: problems.Test, NSteps: 3, Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		policy, judge := pockets(t)
		reviser, err := policyengine.Open(policyengine.Config{Pocket: "pocket-reviser"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { reviser.Close() })
		plain, revises := start(t, s, mesh.Config{Policy: policy, Verifier: judge}), start(t, s, mesh.Config{Policy: reviser, Verifier: judge})
		solved := map[string]bool{}
		for _, c := range []struct {
			name, set string
			unscored  bool
		}{
			{name: "greedy", unscored: true},
			{name: "majority", set: "n=8", unscored: true},
			{name: "majority", set: "n=8 wave=2 confidence=0.8", unscored: true},
			{name: "best-of-n", set: "n=8"},
			{name: "beam", set: "n=8 m=4"},
			{name: "beam", set: "n=8 m=2 narrow=true dedupe=true"},
			{name: "lookahead", set: "n=4 m=2 k=1"},
			{name: "dvts", set: "n=8 m=4"},
			{name: "dvts", set: "n=4 m=2 k=1"},
			{name: "rebase", set: "n=8"},
			{name: "rebase", set: "n=8 exact=true balance=0.1"},
			{name: "mcts", set: "n=4 width=3"},
			{name: "mcts", set: "n=4 width=2 puct=true rollout=true final=visits"},
			{name: "particles", set: "n=8"},
			{name: "particles", set: "n=8 iterations=2 sample=true"},
			{name: "revisions", set: "n=8"},
			{name: "revisions", set: "n=8 chains=4 flat=true"},
			{name: "revisions", set: "n=4 no_verifier=true", unscored: true},
		} {
			m := plain
			if c.name == "revisions" {
				m = revises
			}
			solved[c.name] = true
			asked := named(c.name, strings.Fields(c.set)...)
			outcome, events := solve(t, m, planner.Request{Problem: problem[0].Text, Strategy: asked})
			id := events[0].Search
			bill := get(t, m, id).Bill
			t.Logf("%s %s: answer %s, right is %s; bill %v", c.name, c.set, outcome.Answer, problem[0].Answer, bill) // in front of its failures
			complete(t, outcome)
			said := slices.ContainsFunc(nodes(t, m, id), func(n planner.Node) bool {
				return n.ID == outcome.Node && n.Answer == outcome.Answer && n.State == search.StateFinished
			})
			if !said {
				t.Errorf("answer %s is not that of node %s", outcome.Answer, outcome.Node)
			}
			if bill.Policy.Generated == 0 || c.unscored != (bill.Verifier.Verifier == 0) {
				t.Error("tokens are missing on the bill")
			}
			for _, e := range events {
				if p := e.Plan; p != nil && p.Strategy.Name() != asked.Name() {
					t.Errorf("searched by %v", p)
				}
			}
		}
		for _, name := range strategies.Names() {
			if !solved[name] {
				t.Errorf("strategy %s was not asked for", name)
			}
		}
	})
}
