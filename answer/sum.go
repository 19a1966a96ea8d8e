package answer

import (
	"math/big"
	"slices"
	"strings"
)

// A sum is the normal form of an expression: terms with distinct products of atoms and coefficients that are not 0,
// sorted by product. Expressions with equal normal forms are equal. 0 has no terms.
type sum []term

const (
	maxBits  = 1 << 14 // of a numerator or denominator that is computed
	maxTerms = 256     // of a sum
	maxWork  = 10_000  // units of about 100 ns, per answer
)

// constant returns the normal form of a number.
func constant(r *big.Rat) sum {
	if r.Sign() == 0 {
		return nil
	}
	return sum{{coef: r}}
}

func integer(n int64) sum { return constant(new(big.Rat).SetInt64(n)) }

// of returns the normal form of an atom.
func of(a *atom) sum { return sum{{big.NewRat(1, 1), []factor{{a, whole(1)}}}} }

var (
	piAtom = &atom{key: "π", kind: atomPi}
	eAtom  = &atom{key: "e", kind: atomE}
	iAtom  = &atom{key: "i", kind: atomI}
)

// rational returns s as a number, if it is one.
func (s sum) rational() (*big.Rat, bool) {
	switch {
	case len(s) == 0:
		return new(big.Rat), true
	case len(s) == 1 && len(s[0].factors) == 0:
		return s[0].coef, true
	}
	return nil, false
}

// small returns s as an int64, if it is an integer of at most 62 bits.
func (s sum) small() (int64, bool) {
	r, ok := s.rational()
	if !ok || !r.IsInt() || r.Num().BitLen() > 62 {
		return 0, false
	}
	return r.Num().Int64(), true
}

// add returns a plus b.
func (c *calc) add(a, b sum) sum {
	out := make(sum, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch d := product(a[0], b[0]); {
		case d < 0:
			out, a = append(out, a[0]), a[1:]
		case d > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			if !c.spend(cost(a[0].coef, b[0].coef)) {
				return nil
			}
			if coef := new(big.Rat).Add(a[0].coef, b[0].coef); coef.Sign() != 0 {
				out = append(out, term{coef, a[0].factors})
			}
			a, b = a[1:], b[1:]
		}
	}
	out = append(append(out, a...), b...)
	if len(out) > maxTerms || !c.spend(1+len(out)/2) {
		return c.fail()
	}
	return out
}

// scale returns a times a number.
func (c *calc) scale(a sum, by *big.Rat) sum {
	if by.Sign() == 0 {
		return nil
	}
	out := make(sum, len(a))
	for i, t := range a {
		out[i] = term{c.times(t.coef, by), t.factors}
	}
	return out
}

func (c *calc) negate(a sum) sum { return c.scale(a, big.NewRat(-1, 1)) }

// multiply returns a times b.
func (c *calc) multiply(a, b sum) sum {
	var out sum
	for _, x := range a {
		for _, y := range b {
			if !c.spend(1) {
				return nil
			}
			p := c.join(x, y)
			if len(a) == 1 && len(b) == 1 {
				return p
			}
			out = c.add(out, p)
		}
	}
	return out
}

// primesBelow is the bound of the primes by which integers are divided to factorise them.
const primesBelow = 2000

var primes = func() (out []int64) {
	for n := int64(2); n < primesBelow; n++ {
		if big.NewInt(n).ProbablyPrime(0) {
			out = append(out, n)
		}
	}
	return out
}()

// content returns the largest positive number of which all coefficients are multiples by an integer.
func (s sum) content() *big.Rat {
	num, den := new(big.Int), big.NewInt(1)
	for _, t := range s {
		num.GCD(nil, nil, num, new(big.Int).Abs(t.coef.Num()))
		g := new(big.Int).GCD(nil, nil, den, t.coef.Denom())
		den.Mul(den, new(big.Int).Quo(t.coef.Denom(), g))
	}
	return new(big.Rat).SetFrac(num, den)
}

// String returns s in a notation that the parser reads.
func (s sum) String() string {
	if len(s) == 0 {
		return "0"
	}
	var b strings.Builder
	for i, t := range s {
		switch {
		case t.coef.Sign() < 0:
			b.WriteByte('-')
		case i > 0:
			b.WriteByte('+')
		}
		coef := new(big.Rat).Abs(t.coef)
		separate := false
		if coef.Cmp(big.NewRat(1, 1)) != 0 || len(t.factors) == 0 {
			b.WriteString(coef.RatString())
			separate = true
		}
		for _, f := range t.factors {
			if separate {
				b.WriteByte('*')
			}
			separate = true
			if f.atom.kind == atomPower && f.exp != whole(1) {
				b.WriteString("(" + f.atom.key + ")")
			} else {
				b.WriteString(f.atom.key)
			}
			switch {
			case f.exp == whole(1):
			case f.exp.d == 1 && f.exp.n > 0:
				b.WriteString("^" + f.exp.String())
			default:
				b.WriteString("^(" + f.exp.String() + ")")
			}
		}
	}
	return b.String()
}

// equal reports whether two sums have the same normal form.
func (s sum) equal(t sum) bool {
	return slices.EqualFunc(s, t, func(a, b term) bool { return a.coef.Cmp(b.coef) == 0 && product(a, b) == 0 })
}
