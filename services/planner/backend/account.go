package backend

import (
	"fmt"
	"math"
	"slices"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An account is a budget, or a part of another account for one branch or one child. It is
// spent in program order.
//
// An account is dry if everything in it waits for a grant that it cannot pay. A dry part waits
// until each other part of its parent has ended or is dry, too. Then the parent divides what
// they have left equally among the first of them: as many as can go on with it. (If all
// got equal parts, often none of them could complete a solution.) If not even the first
// can go on, the parent is dry itself. If the parent is the whole budget, the first gets
// everything, and what it waits for is refused if that does not suffice.
//
// Invariant: spent + reserved ≤ bound in each bounded currency (tokens of the policy, of the verifier, FLOPs), unless something is spent that
// was not reserved: see Meter. An account is guarded by ledger.mu.
type account struct {
	parent       *account
	bounded      [currencies]bool
	bound        amount
	spent        amount
	reserved     amount         // of all holds
	holders      int            // number of holds: open parts, prompts, and scores in progress
	reservations []*reservation // of growths that have not ended, in program order
	branches     []*account     // parts for branches that have not ended, in program order
	scores       []*scoreGrant  // of no growth, or of the child that a is for; not settled
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

// spentError returns the ErrSpent of a call that may cost x. It names the first currency of which
// less is left, and the bound of the whole budget.
func (a *account) spentError(x amount) error {
	left, c := a.left(), currencyTokens
	for c < currencies-1 && x[c] <= left[c] {
		c++
	}
	budget := a
	for budget.parent != nil {
		budget = budget.parent
	}
	return fmt.Errorf("%w: %.0f of %.0f %s are left, and %.0f may be needed", search.ErrSpent,
		left[c], budget.bound[c], c, x[c])
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
	p := &account{parent: a, bounded: a.bounded}
	a.hold(amount{})
	p.resize(part)
	return p
}

// resize changes the bound of a, which is a part.
func (a *account) resize(bound amount) {
	for c := range bound {
		if !a.bounded[c] {
			bound[c] = 0
		}
	}
	a.parent.reserved = a.parent.reserved.plus(bound.minus(a.bound))
	a.bound = bound
}

// close returns the rest of a to its parent.
func (a *account) close() {
	a.parent.spend(amount{}, a.spent)
	a.parent.drop(a.bound)
}

// advance grants, in program order, what can be granted after a change in a: by a, or if a is
// dry by the accounts of which it is a part.
func (a *account) advance() {
	for a.grant(); a.dry() && !a.divideAgain(); a.grant() {
		if a.parent == nil {
			a.force()
			return
		}
		a = a.parent
	}
}

// grant grants what a can pay, without dividing its parts again.
func (a *account) grant() {
	for i, r := range a.reservations {
		if !r.grantChildren(i == 0) {
			break
		}
	}
	for _, r := range a.reservations {
		if !r.grantScores() {
			break
		}
	}
	a.scores = slices.DeleteFunc(a.scores, func(g *scoreGrant) bool { return g.settled })
	for _, g := range a.scores {
		if !g.grant() {
			break
		}
	}
}

// dry reports whether something in a waits for a grant, and nothing in it goes on without one.
func (a *account) dry() bool {
	waits := false
	for _, r := range a.reservations {
		if !r.dry() {
			return false
		}
		waits = true
	}
	for _, b := range a.branches {
		if !b.dry() {
			return false
		}
		waits = true
	}
	for _, g := range a.scores {
		if g.done {
			return false
		}
		waits = true
	}
	return waits
}

// parts returns the parts of a, which is dry, in program order: those of the children of its
// first growth, or of its branches.
func (a *account) parts() []*account {
	if len(a.reservations) > 0 {
		return a.reservations[0].followUpAccounts()
	}
	return a.branches
}

// divideAgain divides what a, which is dry, and its parts have left equally among the first
// parts: as many as get what they need. It reports whether any does.
func (a *account) divideAgain() bool {
	parts := a.parts()
	for _, p := range parts {
		p.drain()
	}
	left := a.left()
	n, need := 0, amount{}
	for i, p := range parts {
		if need = need.max(p.need()); !left.over(i + 1).covers(need) {
			break
		}
		n = i + 1
	}
	for _, p := range parts[:n] {
		p.resize(p.bound.plus(left.over(n)))
	}
	for _, p := range parts[:n] {
		p.resume()
	}
	return n > 0
}

// drain returns what a, which is a dry part, has left to its parent.
func (a *account) drain() {
	for _, p := range a.parts() {
		p.drain()
	}
	a.resize(a.spent.plus(a.reserved))
}

// resume grants what a can pay after it has been resized. If a stays dry, even with its
// parts divided again, resume decides about what waits first.
func (a *account) resume() {
	if a.grant(); a.dry() && !a.divideAgain() {
		a.force()
	}
}

// need returns the amount with which a, which is dry, can go on.
func (a *account) need() amount {
	switch parts := a.parts(); {
	case len(parts) > 0:
		return parts[0].need()
	case len(a.reservations) > 0:
		return a.reservations[0].need()
	}
	return a.scores[0].cost
}

// force decides about what waits first in a, which is dry, however little is left.
func (a *account) force() {
	switch parts := a.parts(); {
	case len(parts) > 0:
		for _, p := range parts {
			p.drain()
		}
		parts[0].resize(parts[0].bound.plus(a.left()))
		parts[0].resume()
	case len(a.reservations) > 0:
		a.reservations[0].force()
	default:
		a.scores[0].refuse()
	}
}

// end removes a reservation that needs no more grants.
func (a *account) end(r *reservation) {
	a.reservations = slices.DeleteFunc(a.reservations, func(o *reservation) bool { return o == r })
}
