package backend

import (
	"context"
	"iter"
	"testing"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fake is a Backend made of functions. A call of a nil function panics.
type fake struct {
	expand func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
	score  func(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

// Expand implements search.Backend.
func (f fake) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return f.expand(ctx, r)
}

// Score implements search.Backend.
func (f fake) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	return f.score(ctx, r)
}

// ask returns a request for n whole children of the root.
func ask(n int) policy.Request {
	r := policy.Request{
		Search: "s", Problem: "31415", Seed: 1,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64},
	}
	for i := range n {
		r.Ordinals = append(r.Ordinals, i)
	}
	return r
}

// children returns the children of a request in the order of arrival.
func children(ctx context.Context, w search.Backend, r policy.Request) ([]policy.Child, error) {
	var all []policy.Child
	for c, err := range w.Expand(ctx, r) {
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

// ordinals returns the ordinals of children.
func ordinals(children []policy.Child) []int {
	var all []int
	for _, c := range children {
		all = append(all, c.Ordinal)
	}
	return all
}

// Each decorator passes the conformance suite of policies.
func TestConformance(t *testing.T) {
	for name, wrap := range map[string]func(search.Backend) search.Backend{
		"bare":  func(w search.Backend) search.Backend { return w },
		"retry": func(w search.Backend) search.Backend { return Retry(w, Backoff{}) },
		"meter": func(w search.Backend) search.Backend {
			budget := Budget{PolicyTokens: 1e9, VerifierTokens: 1e9, FLOPs: 1e18}
			return Meter(w, budget, reasoning.Model{Parameters: 1e6}, reasoning.Model{})
		},
		"memo": func(w search.Backend) search.Backend { return Memo(w, NewMemory(1<<20), Identity{}) },
		"think": func(w search.Backend) search.Backend {
			return Think(w, Thinking{Mode: ModeForce, Max: 200}, lookup(t, "pocket-think-v1"))
		},
		"all": func(w search.Backend) search.Backend {
			memo := Memo(Retry(w, Backoff{}), NewMemory(1<<20), Identity{})
			return Meter(memo, Budget{PolicyTokens: 1e9}, reasoning.Model{}, reasoning.Model{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			policytest.Run(t, func(t *testing.T) policy.Policy {
				lock := searchtest.NewLock(0, nil)
				lock.Script = policytest.Steps(4, 1e9)
				return struct {
					search.Backend
					model
				}{wrap(lock), lock.Script}
			}, policytest.Options{Bubble: true})
		})
	}
}

// A model is the method of a Policy that a Backend does not have.
type model interface {
	Model(ctx context.Context) (policy.Model, error)
}
