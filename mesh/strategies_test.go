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

// named returns a strategy by its name and parameters, in the form of the command line.
func named(name string, set ...string) search.Strategy {
	s, err := strategies.New(name, set...)
	if err != nil {
		panic(err)
	}
	return s
}

// Every strategy solves a problem through the whole mesh, over gRPC and with the shipped
// models: it ends by itself, with the answer of one of its nodes.
func TestEveryStrategySolves(t *testing.T) {
	problem, err := problems.Take(1, problems.Options{Split: problems.Test, NSteps: 3, Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		policy, rewardModel := pocketModels(t)
		reviser, err := policyengine.Open(policyengine.Config{Pocket: "pocket-reviser"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { reviser.Close() })
		withPolicy := start(t, s, mesh.Config{Policy: policy, Verifier: rewardModel})
		withReviser := start(t, s, mesh.Config{Policy: reviser, Verifier: rewardModel})
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
			m := withPolicy
			if c.name == "revisions" {
				m = withReviser
			}
			solved[c.name] = true
			strategy := named(c.name, strings.Fields(c.set)...)
			outcome, events := solve(t, m, planner.Request{Problem: problem[0].Text, Strategy: strategy})
			id := events[0].Search
			bill := get(t, m, id).Bill
			t.Logf("%s %s: answer %s, right is %s; bill %v", // names the strategy before its failures
				c.name, c.set, outcome.Answer, problem[0].Answer, bill)
			complete(t, outcome)
			found := slices.ContainsFunc(nodes(t, m, id), func(n planner.Node) bool {
				return n.ID == outcome.Node && n.Answer == outcome.Answer && n.State == search.StateFinished
			})
			if !found {
				t.Errorf("answer %s is not that of node %s", outcome.Answer, outcome.Node)
			}
			if bill.Policy.Generated == 0 || c.unscored != (bill.Verifier.Verifier == 0) {
				t.Errorf("bill %v: want policy tokens, and verifier tokens unless no verifier is used", bill)
			}
			for _, e := range events {
				if p := e.Plan; p != nil && p.Strategy.Name() != strategy.Name() {
					t.Errorf("searched by %v, want %v", p, strategy)
				}
			}
		}
		for _, name := range strategies.Names() {
			if !solved[name] {
				t.Errorf("strategy %s is not in the table", name)
			}
		}
	})
}
