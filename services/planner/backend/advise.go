package backend

import (
	"context"
	"iter"
	"slices"

	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// advising adds a sentence to the problem that the policy reads, not to the verifier's.
type advising struct {
	search.Backend
	sentence string
}

// Expand implements search.Backend.
func (a advising) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	r.Problem += a.sentence
	return a.Backend.Expand(ctx, r)
}

// Reserve implements search.Ledger. It adds the cost of reading the sentence.
func (a advising) Reserve(ctx context.Context, demands []search.Demand, followUps bool) search.Reservation {
	demands = slices.Clone(demands)
	for i := range demands {
		demands[i].Request.Problem += a.sentence
	}
	return search.Reserve(ctx, a.Backend, demands, followUps)
}

// Divide implements search.Ledger.
func (a advising) Divide(ctx context.Context, n int) []search.Branch {
	return search.Divide(ctx, a.Backend, n)
}
