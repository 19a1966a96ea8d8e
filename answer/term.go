package answer

import (
	"math/big"
	"slices"
	"strings"
)

// A term is a rational number times a product of powers of atoms.
type term struct {
	coef    *big.Rat
	factors []factor // sorted by atom, exponents are not 0
}

// A factor is a power of an atom.
type factor struct {
	atom *atom
	exp  frac
}

// product compares the factors of terms.
func product(a, b term) int {
	return slices.CompareFunc(a.factors, b.factors, func(x, y factor) int {
		if d := strings.Compare(x.atom.key, y.atom.key); d != 0 {
			return d
		}
		return x.exp.compare(y.exp)
	})
}

// join returns the product of two terms.
func (c *calc) join(x, y term) sum {
	factors := c.merge(x.factors, y.factors)
	if c.failed {
		return nil
	}
	return c.tidy(c.times(x.coef, y.coef), factors)
}

// tidy returns the normal form of a product of powers of atoms: powers of numbers are computed if all together have at
// most maxBits, powers of i reduced, and positive powers of sums expanded.
func (c *calc) tidy(coef *big.Rat, factors []factor) sum {
	coef, factors = c.numbers(coef, factors)
	if c.failed {
		return nil
	}
	kept := factors[:0:0]
	expanded := sum(nil)
	for _, f := range factors {
		switch {
		case f.exp.n == 0:
			continue
		case f.atom.kind == atomI:
			if f.exp.d != 1 {
				return c.fail()
			}
			n := ((f.exp.n % 4) + 4) % 4
			if n >= 2 {
				coef = new(big.Rat).Neg(coef)
			}
			if n%2 == 0 {
				continue
			}
			f.exp = whole(1)
		case f.atom.kind == atomSum && f.exp.n >= f.exp.d && f.exp.floor() <= maxTerms:
			p := c.tryRaise(f.atom.args[0], f.exp.floor())
			if p == nil {
				break
			}
			if expanded == nil {
				expanded = p
			} else {
				expanded = c.multiply(expanded, p)
			}
			if c.failed {
				return nil
			}
			if f.exp.n %= f.exp.d; f.exp.n == 0 {
				continue
			}
		}
		kept = append(kept, f)
	}
	out := sum{{coef, kept}}
	if expanded != nil {
		return c.multiply(out, expanded)
	}
	return out
}

// numbers computes the integer powers of the primes of a term, if they and coef have at most maxBits together.
// Otherwise coef becomes a product of powers of primes, too, so that a number has one form.
func (c *calc) numbers(coef *big.Rat, factors []factor) (*big.Rat, []factor) {
	least := int64(0) // bits of the product, at least
	found := false
	for _, f := range factors {
		if n := f.exp.floor(); f.atom.number() && n != 0 {
			found = true
			if least += min(abs(n), 1<<40) * int64(f.atom.num.BitLen()-1); f.atom.num.BitLen() == 2 { // log₂ 3 > 3/2
				least += min(abs(n), 1<<40) / 2
			}
		}
	}
	if !found && bitLen(coef) <= maxBits {
		return coef, factors
	}
	num, den := new(big.Int).Set(coef.Num()), new(big.Int).Set(coef.Denom())
	rest := make([]factor, 0, len(factors))
	large := least > 2*maxBits || bitLen(coef) > maxBits
	for _, f := range factors {
		n := f.exp.floor()
		if large || !f.atom.number() || n == 0 {
			rest = append(rest, f)
			continue
		}
		if !c.spend(1 + int(abs(n))*f.atom.num.BitLen()/512) {
			return coef, nil
		}
		p := new(big.Int).Exp(f.atom.num, big.NewInt(abs(n)), nil)
		if n > 0 {
			num.Mul(num, p)
		} else {
			den.Mul(den, p)
		}
		large = num.BitLen() > 4*maxBits || den.BitLen() > 4*maxBits
		if f.exp.n -= n * f.exp.d; f.exp.n != 0 {
			rest = append(rest, f)
		}
	}
	if !large {
		c.spend(1 + num.BitLen()*den.BitLen()>>17)
		if out := new(big.Rat).SetFrac(num, den); bitLen(out) <= maxBits {
			return out, rest
		}
	}
	sign, all := c.factorise(coef)
	return sign, c.merge(all, factors)
}

// merge returns the product of two products of powers.
func (c *calc) merge(a, b []factor) []factor {
	out := make([]factor, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch d := strings.Compare(a[0].atom.key, b[0].atom.key); {
		case d < 0:
			out, a = append(out, a[0]), a[1:]
		case d > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			exp, ok := a[0].exp.plus(b[0].exp)
			if !ok {
				c.failed = true
				return nil
			}
			if exp.n != 0 {
				out = append(out, factor{a[0].atom, exp})
			}
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// square reports whether all exponents of t are even.
func (t term) square() bool {
	return !slices.ContainsFunc(t.factors, func(f factor) bool { return f.exp.d != 1 || f.exp.n%2 != 0 })
}

func (t term) complex() bool {
	return slices.ContainsFunc(t.factors, func(f factor) bool { return f.atom.kind == atomI })
}
