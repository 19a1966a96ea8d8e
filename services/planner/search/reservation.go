package search

import "context"

// A Reservation is the part of a budget that a Ledger reserved for a growth.
type Reservation interface {
	// Context returns the context of the growth's requests and scores.
	Context() context.Context
	// FollowUp returns the context of the work that follows a child.
	FollowUp(child string) context.Context
	// Done reports that no more requests follow for a child.
	Done(child string)
}

// Unbounded returns the Reservation that reserves nothing, as there is no budget.
func Unbounded(ctx context.Context) Reservation { return unbounded{ctx} }

type unbounded struct{ ctx context.Context }

func (u unbounded) Context() context.Context        { return u.ctx }
func (u unbounded) FollowUp(string) context.Context { return u.ctx }
func (u unbounded) Done(string)                     {}
