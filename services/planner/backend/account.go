package backend

import (
	"fmt"
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An account is a budget, or a fixed part of another account for one branch or one child.
// It is spent in program order.
//
// Invariant: spent + reserved ≤ bound in each bounded currency, for engines that keep to
// their MaxTokens. An account is guarded by Metered.mu.
type account struct {
	parent       *account
	bounded      [currencies]bool
	bound        amount
	spent        amount
	reserved     amount         // of all holds
	holders      int            // number of holds: open parts, pots of batches, and scores in progress
	reservations []*reservation // of growths that have not ended, in program order
}

// newAccount returns the account of a budget.
func newAccount(b Budget) *account {
	a := &account{bound: amount{float64(b.PolicyTokens), float64(b.VerifierTokens), b.FLOPs}}
	for c, bound := range a.bound {
		a.bounded[c] = bound != 0
	}
	return a
}

// left returns how much can still be reserved. It is infinite in unbounded currencies.
func (a *account) left() (left amount) {
	for c := range left {
		left[c] = math.Inf(1)
		if a.bounded[c] {
			left[c] = max(0, a.bound[c]-a.spent[c]-a.reserved[c])
		}
	}
	return left
}

// lacks returns the first currency of which x is more than what is left.
func (a *account) lacks(x amount) (_ currency, lacks bool) {
	left := a.left()
	for c := range currencies {
		if x[c] > left[c] {
			return c, true
		}
	}
	return 0, false
}

// spentError returns the ErrSpent of a call that may cost x.
func (a *account) spentError(x amount) error {
	c, _ := a.lacks(x)
	return fmt.Errorf("%w: %.0f of %.0f %s are left", search.ErrSpent, max(0, a.bound[c]-a.spent[c]), max(0, a.bound[c]), c)
}

// hold reserves x until drop.
func (a *account) hold(x amount) {
	a.reserved = a.reserved.plus(x)
	a.holders++
}

// drop ends a hold that still reserves x.
func (a *account) drop(x amount) {
	a.reserved = a.reserved.minus(x)
	if a.holders--; a.holders == 0 {
		a.reserved = amount{} // exactly, without the rounding errors of sums
	}
}

// spend replaces a reserved amount by the amount that was spent.
func (a *account) spend(reserved, spent amount) {
	a.reserved, a.spent = a.reserved.minus(reserved), a.spent.plus(spent)
}

// open returns a new account for a part of a, which a reserves until the part is closed.
func (a *account) open(part amount) *account {
	for c := range part {
		if !a.bounded[c] {
			part[c] = 0
		}
	}
	a.hold(part)
	return &account{parent: a, bounded: a.bounded, bound: part}
}

// close returns the rest of a to its parent.
func (a *account) close() {
	a.parent.spend(amount{}, a.spent)
	a.parent.drop(a.bound)
}

// advance grants, in program order, the batches and scores that can be granted now.
func (a *account) advance() {
	for i, r := range a.reservations {
		if !r.grantBatches(i == 0) {
			break
		}
	}
	for _, r := range a.reservations {
		if !r.grantScores() {
			break
		}
	}
}

// end removes a reservation that needs no more grants.
func (a *account) end(r *reservation) {
	a.reservations = slices.DeleteFunc(a.reservations, func(o *reservation) bool { return o == r })
}
