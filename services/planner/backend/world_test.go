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

// fake is a World made of functions; a nil one panics.
type fake struct {
	expand func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
	score  func(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

func (f fake) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return f.expand(ctx, r)
}

func (f fake) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	return f.score(ctx, r)
}

// ask is a request for so many whole children of the root.
func ask(n int) policy.Request {
	r := policy.Request{Search: "s", Problem: "31415", Seed: 1, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 64}}
	for i := range n {
		r.Ordinals = append(r.Ordinals, i)
	}
	return r
}

// children is all that comes, in the order in which it comes.
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

func ordinals(children []policy.Child) []int {
	var all []int
	for _, c := range children {
		all = append(all, c.Ordinal)
	}
	return all
}

// Each decorator does what a policy promises.
func TestConformance(t *testing.T) {
	for name, wrap := range map[string]func(search.Backend) search.Backend{
		"bare":  func(w search.Backend) search.Backend { return w },
		"retry": func(w search.Backend) search.Backend { return Retry(w, Backoff{}) },
		"meter": func(w search.Backend) search.Backend {
			return Meter(w, Budget{PolicyTokens: 1e9, VerifierTokens: 1e9, FLOPs: 1e18}, reasoning.Model{Parameters: 1e6}, reasoning.Model{})
		},
		"memo": func(w search.Backend) search.Backend { return Memo(w, NewMemory(1<<20), Identity{}) },
		"think": func(w search.Backend) search.Backend {
			return Think(w, Thinking{Mode: ModeForce, Max: 200}, mustLookup(t, "pocket-think-v1"))
		},
		"all": func(w search.Backend) search.Backend {
			return Meter(Memo(Retry(w, Backoff{}), NewMemory(1<<20), Identity{}), Budget{PolicyTokens: 1e9}, reasoning.Model{}, reasoning.Model{})
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

type model interface {
	Model(ctx context.Context) (reasoning.Model, error)
}
