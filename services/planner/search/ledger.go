package search

import (
	"context"
	"slices"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A Ledger is a Backend with a budget. What a search may spend on which child must not
// depend on which result comes first, or the same search would grow another tree each
// time. So a Tree says in program order what it is going to ask for, before it asks, and
// the Ledger grants in that order. Without a Ledger, there is no budget.
//
// The contexts that a Ledger returns carry what was granted. Strategies pass them on and
// know nothing else of budgets.
type Ledger interface {
	Backend
	// Reserve is called for each growth, in program order, with what its requests may
	// cost, in their order. With strands, each child is followed by work of its own, such
	// as a rollout.
	Reserve(ctx context.Context, demands []Demand, strands bool) Reservation
	// Divide gives n branches that go on at the same time equal parts of what is left,
	// and returns the context of each. Join is called when all have ended.
	Divide(ctx context.Context, n int) (branches []context.Context, join func())
}

// A Demand is what one request of a growth may cost.
type Demand struct {
	Request policy.Request
	Tokens  int // most that a child may generate, in all of its parts
	Parts   int // most requests that a child may take
}

// A Reservation is what a Ledger set aside for a growth.
type Reservation interface {
	// Context returns the context of the growth's requests and scores.
	Context() context.Context
	// Strand returns the context of the work that follows a child.
	Strand(child string) context.Context
	// Done says that nothing more is asked for on behalf of a child.
	Done(child string)
}

// reserve returns a reservation for batches.
func (t *Tree) reserve(ctx context.Context, batches []*batch, strands bool) Reservation {
	ledger, ok := t.Backend.(Ledger)
	if !ok {
		return Unbounded(ctx)
	}
	var demands []Demand
	for _, b := range batches {
		r := b.request(t)
		demands = append(demands, Demand{Request: r, Tokens: r.Sampling.MaxTokens, Parts: 1})
	}
	return ledger.Reserve(ctx, demands, strands)
}

// divide returns the contexts of n branches that go on at the same time.
func (t *Tree) divide(ctx context.Context, n int) (branches []context.Context, join func()) {
	if ledger, ok := t.Backend.(Ledger); ok {
		return ledger.Divide(ctx, n)
	}
	return slices.Repeat([]context.Context{ctx}, n), func() {}
}

// Unbounded returns the Reservation that reserves nothing, as there is no budget.
func Unbounded(ctx context.Context) Reservation { return unbounded{ctx} }

type unbounded struct{ ctx context.Context }

func (u unbounded) Context() context.Context      { return u.ctx }
func (u unbounded) Strand(string) context.Context { return u.ctx }
func (u unbounded) Done(string)                   {}
