package backend

import (
	"fmt"
	"math"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Budget bounds what a search may cost. A bound of 0 does not bound; a negative
// one leaves nothing to spend.
type Budget struct {
	PolicyTokens   int64 // generated, discarded branches included
	VerifierTokens int64 // read
	FLOPs          float64
}

// Less is what is left of b after u was spent.
func (b Budget) Less(u reasoning.Usage) Budget {
	return Budget{
		PolicyTokens:   less(b.PolicyTokens, u.Generated),
		VerifierTokens: less(b.VerifierTokens, u.Verifier),
		FLOPs:          less(b.FLOPs, u.FLOPs),
	}
}

func less[T int64 | float64](bound, spent T) T {
	switch {
	case bound == 0:
		return 0
	case bound <= spent:
		return -1 // 0 would be no bound at all
	}
	return bound - spent
}

// An amount is one of each currency: generated tokens, verifier tokens, FLOPs.
type amount [3]float64

var currencies = [3]string{"policy tokens", "verifier tokens", "FLOPs"}

func (a amount) plus(b amount) amount {
	return amount{a[0] + b[0], a[1] + b[1], a[2] + b[2]}
}

func (a amount) times(k float64) amount { return amount{k * a[0], k * a[1], k * a[2]} }

func costOf(u reasoning.Usage) amount {
	return amount{float64(u.Generated), float64(u.Verifier), u.FLOPs}
}

// A purse is one currency's account.
type purse struct {
	bound, spent, reserved float64
	holders                int // calls in flight that reserved some
}

// patience is how much less than it asks for a call takes while waiting may bring
// more: an eighth. A step reserves 2,048 tokens and costs 40, so that much comes
// back soon, and a step that is cut is worth nothing.
const patience = 8

// A purses holds one purse a currency.
type purses [3]purse

// grant is how many units, of most, can be paid for at a price each and a fixed one
// for all of them. 0 says that it is worth waiting for calls in flight, and an
// ErrSpent that nothing can be had even after them.
func (p *purses) grant(most int, fixed, each amount) (units int, err error) {
	units = most
	for i, purse := range p {
		if purse.bound == 0 || fixed[i]+each[i] == 0 {
			continue
		}
		left, can := purse.bound-purse.spent-purse.reserved-fixed[i], 0
		switch {
		case left < 0:
		case each[i] == 0:
			can = most
		default:
			can = int(min(math.Floor(left/each[i]), float64(most)))
		}
		switch {
		case can == 0 && purse.holders == 0:
			return 0, fmt.Errorf("%w: %.0f of %.0f %s are left", search.ErrSpent, max(0, purse.bound-purse.spent), max(0, purse.bound), currencies[i])
		case can < (most+patience-1)/patience && purse.holders > 0:
			units = 0
		}
		units = min(units, can)
	}
	return units, nil
}

// reserve sets a part aside for a call that starts.
func (p *purses) reserve(a amount) {
	for i := range p {
		if a[i] > 0 {
			p[i].reserved += a[i]
			p[i].holders++
		}
	}
}

// spend turns a reserved part into what was really spent.
func (p *purses) spend(reserved, spent amount) {
	for i := range p {
		p[i].reserved -= reserved[i]
		p[i].spent += spent[i]
	}
}

// end gives back what is left of a call's reservation, which was a at first.
func (p *purses) end(a, left amount) {
	for i := range p {
		if a[i] == 0 {
			continue
		}
		p[i].reserved -= left[i]
		if p[i].holders--; p[i].holders == 0 {
			p[i].reserved = 0 // exactly, whatever floating-point sums came to
		}
	}
}
