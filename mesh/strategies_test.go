package mesh_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/pocket/problems"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	policyengine "github.com/ponder-mesh/ponder/services/policy/engine"
	verifierengine "github.com/ponder-mesh/ponder/services/verifier/engine"
)

// named is a strategy as a person asks for it.
func named(name string, set ...string) *plannerv1.Strategy {
	s, err := plannerrpc.ParseStrategy(name, set)
	if err != nil {
		panic(err)
	}
	return s
}

// Every strategy solves a problem through the whole mesh, by gRPC, with models that
// really err and really judge: it ends by itself, with an answer that one of its nodes says.
func TestEveryStrategySolves(t *testing.T) {
	policy, err := policyengine.Open(policyengine.Config{Pocket: "pocket-0.3m"})
	if err != nil {
		t.Fatal(err)
	}
	judge, err := verifierengine.Open(verifierengine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mesh.Start(t.Context(), mesh.Config{Policy: policy, Verifier: judge})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(m.Close(), policy.Close(), judge.Close()); err != nil {
			t.Error(err)
		}
	}()
	problem, err := problems.Take(1, problems.Options{Split: problems.Test, NSteps: 3, Level: 1})
	if err != nil {
		t.Fatal(err)
	}

	solved := map[string]bool{"revisions": true} // needs a policy that revises
	for _, s := range []struct {
		name     string
		set      string
		unjudged bool
	}{
		{name: "greedy", unjudged: true},
		{name: "majority", set: "n=8", unjudged: true},
		{name: "majority", set: "n=8 wave=2 confidence=0.8", unjudged: true},
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
	} {
		solved[s.name] = true
		t.Run(s.name+" "+s.set, func(t *testing.T) {
			asked := named(s.name, strings.Fields(s.set)...)
			outcome, events := solve(t, m, &plannerv1.SolveRequest{Problem: problem[0].Text, Strategy: asked})
			complete(t, outcome)
			id := events[0].GetSearchId()
			said := slices.ContainsFunc(nodes(t, m, id), func(n *plannerv1.Node) bool {
				return n.GetNodeId() == outcome.GetNodeId() && n.GetAnswer() == outcome.GetAnswer() && n.GetState() == plannerv1.NodeState_NODE_STATE_FINISHED
			})
			if !said {
				t.Errorf("answer %s is not that of node %s", outcome.GetAnswer(), outcome.GetNodeId())
			}
			bill := get(t, m, id).GetBill()
			if bill.GetPolicy().GetGeneratedTokens() == 0 || s.unjudged != (bill.GetVerifier().GetVerifierTokens() == 0) {
				t.Errorf("bill %v", bill)
			}
			for _, e := range events {
				if p := e.GetPlan(); p != nil && !sameKind(p.GetStrategy(), asked) {
					t.Errorf("searched by %v", p)
				}
			}
			t.Logf("answer %s, right is %s; %d tokens", outcome.GetAnswer(), problem[0].Answer, bill.GetPolicy().GetGeneratedTokens())
		})
	}
	for _, name := range plannerrpc.StrategyNames() {
		if !solved[name] {
			t.Errorf("strategy %s was not asked for", name)
		}
	}
}

// sameKind says whether two strategies are of one kind.
func sameKind(a, b *plannerv1.Strategy) bool {
	return reflect.TypeOf(a.GetKind()) == reflect.TypeOf(b.GetKind())
}
