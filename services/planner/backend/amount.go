package backend

import (
	"math"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A currency is a unit that a Budget bounds.
type currency int

const (
	currencyTokens currency = iota
	currencyVerifier
	currencyFLOPs
	currencies
)

func (c currency) String() string {
	return [currencies]string{"policy tokens", "verifier tokens", "FLOPs"}[c]
}

// An amount is some of each currency.
type amount [currencies]float64

// costOf returns what a usage costs.
func costOf(u reasoning.Usage) amount {
	return amount{float64(u.Generated), float64(u.Verifier), u.FLOPs}
}

func (a amount) plus(b amount) amount {
	for c := range a {
		a[c] += b[c]
	}
	return a
}

func (a amount) minus(b amount) amount { return a.plus(b.times(-1)) }

func (a amount) times(k float64) amount {
	for c := range a {
		a[c] *= k
	}
	return a
}

// upTo returns a, or b where that is less.
func (a amount) upTo(b amount) amount {
	for c := range a {
		a[c] = max(0, min(a[c], b[c]))
	}
	return a
}

// over returns the n-th part of a, rounded down.
func (a amount) over(n int) amount {
	for c := range a {
		a[c] = math.Floor(a[c] / float64(n))
	}
	return a
}

// max returns the larger of a and b in each currency.
func (a amount) max(b amount) amount {
	for c := range a {
		a[c] = max(a[c], b[c])
	}
	return a
}

// covers reports whether b is no more than a in any currency.
func (a amount) covers(b amount) bool {
	for c := range a {
		if b[c] > a[c] {
			return false
		}
	}
	return true
}
