package answer

import "math/big"

// A calc computes normal forms within a bound of work. After a failure, results have no meaning.
type calc struct {
	work   int
	failed bool
}

// spend counts n units of work. Beyond maxWork the calculation fails.
func (c *calc) spend(n int) bool {
	if c.work += n; c.work > maxWork {
		c.failed = true
	}
	return !c.failed
}

func (c *calc) fail() sum {
	c.failed = true
	return nil
}

// times returns a times b.
func (c *calc) times(a, b *big.Rat) *big.Rat {
	if !c.spend(1 + cost(a, b)) {
		return a
	}
	return new(big.Rat).Mul(a, b)
}

// cost returns the work of an operation with a and b, beyond that with small numbers. Fractions are reduced.
func cost(a, b *big.Rat) int {
	if a.IsInt() && b.IsInt() {
		return bitLen(a) * bitLen(b) >> 20
	}
	n := bitLen(a) + bitLen(b)
	return n * n >> 17
}

func bitLen(r *big.Rat) int { return max(r.Num().BitLen(), r.Denom().BitLen()) }
