package search

import (
	"context"

	"github.com/ponder-mesh/ponder/services/policy"
)

// A Ledger is a Backend with a budget. What a search may spend on which child must not
// depend on which result comes first, or the same search would grow another tree each
// time. So a Tree reserves in program order what it is about to request, and the
// Ledger grants in that order. Without a Ledger, there is no budget.
//
// The contexts that a Ledger returns carry what was granted. Strategies pass them on and
// know nothing else of budgets.
type Ledger interface {
	Backend
	// Reserve is called for each growth, in program order, with the cost limits of its
	// requests, in order. With followUps, further work follows each child, such as a rollout.
	Reserve(ctx context.Context, demands []Demand, followUps bool) Reservation
	// Divide gives n concurrent branches equal parts of the remaining budget. It is called
	// when no growth of ctx is running, and ctx grows nothing before all branches have ended.
	Divide(ctx context.Context, n int) []Branch
}

// A Demand is the cost limit of one request of a growth.
type Demand struct {
	Request policy.Request
	Tokens  int // limit of what a child generates, in all of its parts
	Parts   int // limit of requests for a child
}

// reserve returns a reservation for batches.
func (t *Tree) reserve(ctx context.Context, batches []*batch, followUps bool) Reservation {
	var demands []Demand
	for _, b := range batches {
		r := b.request(t)
		demands = append(demands, Demand{Request: r, Tokens: r.Sampling.MaxTokens, Parts: 1})
	}
	return Reserve(ctx, t.Backend, demands, followUps)
}

// Reserve returns a reservation of b, or an unbounded one if b is no Ledger.
func Reserve(ctx context.Context, b Backend, demands []Demand, followUps bool) Reservation {
	if ledger, ok := b.(Ledger); ok {
		return ledger.Reserve(ctx, demands, followUps)
	}
	return Unbounded(ctx)
}
