package answer

import (
	"math/big"
	"math/bits"
	"strconv"
)

// A frac is an exponent, n/d in lowest terms with d > 0.
type frac struct{ n, d int64 }

func whole(n int64) frac { return frac{n, 1} }

func (f frac) compare(g frac) int { return f.rat().Cmp(g.rat()) }

func (f frac) rat() *big.Rat { return big.NewRat(f.n, f.d) }

// floor returns the largest integer that is not above f.
func (f frac) floor() int64 {
	q := f.n / f.d
	if f.n%f.d < 0 {
		q--
	}
	return q
}

func (f frac) String() string {
	if f.d == 1 {
		return strconv.FormatInt(f.n, 10)
	}
	return strconv.FormatInt(f.n, 10) + "/" + strconv.FormatInt(f.d, 10)
}

// plus returns f+g, or false on overflow.
func (f frac) plus(g frac) (frac, bool) {
	a, ok1 := product64(f.n, g.d)
	b, ok2 := product64(g.n, f.d)
	d, ok3 := product64(f.d, g.d)
	if !ok1 || !ok2 || !ok3 || abs(a) > 1<<61 || abs(b) > 1<<61 {
		return frac{}, false
	}
	return lowest(a+b, d), true
}

// times returns f·g, or false on overflow.
func (f frac) times(g frac) (frac, bool) {
	n, ok1 := product64(f.n, g.n)
	d, ok2 := product64(f.d, g.d)
	if !ok1 || !ok2 {
		return frac{}, false
	}
	return lowest(n, d), true
}

func lowest(n, d int64) frac {
	a, b := abs(n), d
	for b != 0 {
		a, b = b, a%b
	}
	return frac{n / a, d / a}
}

// product64 returns a·b, or false if it has more than 62 bits.
func product64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(abs(a)), uint64(abs(b)))
	return a * b, hi == 0 && lo < 1<<62
}
