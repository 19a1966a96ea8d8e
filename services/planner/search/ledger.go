package search

import (
	"context"
	"slices"

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
	// requests, in order. With strands, further work follows each child, such as a rollout.
	Reserve(ctx context.Context, demands []Demand, strands bool) Reservation
	// Divide gives n concurrent branches equal parts of the remaining budget. It is called
	// when no growth of ctx is running, and ctx grows nothing before all branches have ended.
	Divide(ctx context.Context, n int) []Branch
}

// A Branch is a part of a search that runs beside others, such as a subtree of DVTS.
type Branch struct {
	Context context.Context // of the branch's growths
	End     func()          // reports that the branch grows no more; is called once
}

// A Demand is the cost limit of one request of a growth.
type Demand struct {
	Request policy.Request
	Tokens  int // limit of what a child generates, in all of its parts
	Parts   int // limit of requests for a child
}

// A Reservation is the part of a budget that a Ledger reserved for a growth.
type Reservation interface {
	// Context returns the context of the growth's requests and scores.
	Context() context.Context
	// Strand returns the context of the work that follows a child.
	Strand(child string) context.Context
	// Done reports that no more requests follow for a child.
	Done(child string)
}

// reserve returns a reservation for batches.
func (t *Tree) reserve(ctx context.Context, batches []*batch, strands bool) Reservation {
	var demands []Demand
	for _, b := range batches {
		r := b.request(t)
		demands = append(demands, Demand{Request: r, Tokens: r.Sampling.MaxTokens, Parts: 1})
	}
	return Reserve(ctx, t.Backend, demands, strands)
}

// Reserve returns a reservation of b, or an unbounded one if b is no Ledger.
func Reserve(ctx context.Context, b Backend, demands []Demand, strands bool) Reservation {
	if ledger, ok := b.(Ledger); ok {
		return ledger.Reserve(ctx, demands, strands)
	}
	return Unbounded(ctx)
}

// Divide returns n branches of b, undivided ones if b is no Ledger.
func Divide(ctx context.Context, b Backend, n int) []Branch {
	if ledger, ok := b.(Ledger); ok {
		return ledger.Divide(ctx, n)
	}
	return Undivided(ctx, n)
}

// Undivided returns n branches that share ctx, as there is no budget.
func Undivided(ctx context.Context, n int) []Branch {
	return slices.Repeat([]Branch{{Context: ctx, End: func() {}}}, n)
}

// Unbounded returns the Reservation that reserves nothing, as there is no budget.
func Unbounded(ctx context.Context) Reservation { return unbounded{ctx} }

type unbounded struct{ ctx context.Context }

func (u unbounded) Context() context.Context      { return u.ctx }
func (u unbounded) Strand(string) context.Context { return u.ctx }
func (u unbounded) Done(string)                   {}
