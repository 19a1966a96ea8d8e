package answer

import (
	"math/big"
	"slices"
	"strings"
)

// A sum is the normal form of an expression: terms with distinct products of atoms and coefficients that are not 0,
// sorted by product. Expressions with equal normal forms are equal. 0 has no terms.
type sum []term

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

// An atom is what the normal form does not take apart.
type atom struct {
	key  string // canonical text; atoms are equal if their keys are
	kind atomKind
	num  *big.Int // of a prime
	name string   // of a call
	args []sum    // of a call; the sum of an atomSum; base and exponent of an atomPower
}

type atomKind int

const (
	atomVariable atomKind = iota
	atomI                 // the imaginary unit, with exponent 1
	atomPi
	atomE
	atomPrime // a prime, in a root or in a power too large to compute
	atomPart  // like atomPrime, an integer without a prime factor below primesBelow
	atomPower // base^exponent, where the exponent is a product of atoms
	atomSum   // a sum of several terms, in a denominator or in a root
	atomCall  // a function
)

const (
	maxBits  = 1 << 14 // of a numerator or denominator that is computed
	maxTerms = 256     // of a sum
	maxWork  = 10_000  // units of about 100 ns, per answer
)

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

func variable(name string) *atom { return &atom{key: name, kind: atomVariable} }

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

// product compares the factors of terms.
func product(a, b term) int {
	return slices.CompareFunc(a.factors, b.factors, func(x, y factor) int {
		if d := strings.Compare(x.atom.key, y.atom.key); d != 0 {
			return d
		}
		return x.exp.compare(y.exp)
	})
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

// number reports whether a is an integer.
func (a *atom) number() bool { return a.kind == atomPrime || a.kind == atomPart }

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

// strip divides n by p as often as it can, and returns how often. It divides by p, p², p⁴ and so on, and then back.
func strip(n, p *big.Int) (k int64) {
	if n.Sign() == 0 || p.BitLen() < 2 {
		return 0
	}
	powers := []*big.Int{p}
	q, r := new(big.Int), new(big.Int)
	for i := 0; i >= 0; {
		if q.QuoRem(n, powers[i], r); r.Sign() != 0 {
			i--
			continue
		}
		n.Set(q)
		k += 1 << i
		if i == len(powers)-1 {
			powers = append(powers, new(big.Int).Mul(powers[i], powers[i]))
		}
		if i++; powers[i].BitLen() > n.BitLen() {
			i--
		}
	}
	return k
}

// power returns p to the n.
func power(p *big.Int, n int64) *big.Rat {
	out := new(big.Rat).SetInt(new(big.Int).Exp(p, big.NewInt(abs(n)), nil))
	if n < 0 {
		out.Inv(out)
	}
	return out
}

func abs(n int64) int64 { return max(n, -n) }

// raise returns a to the n ≥ 0.
func (c *calc) raise(a sum, n int64) sum {
	out := integer(1)
	for base := a; n > 0 && !c.failed; n >>= 1 {
		if n&1 == 1 {
			out = c.multiply(out, base)
		}
		if n > 1 {
			base = c.multiply(base, base)
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

// factorise returns the sign of r and r's absolute value as powers of primes.
func (c *calc) factorise(r *big.Rat) (sign *big.Rat, out []factor) {
	sign = big.NewRat(int64(r.Sign()), 1)
	out = append(c.primeFactors(r.Num(), 1), c.primeFactors(r.Denom(), -1)...)
	slices.SortFunc(out, func(a, b factor) int { return strings.Compare(a.atom.key, b.atom.key) })
	return sign, out
}

// primeFactors returns n's absolute value to the given power as powers of primes. The last factor may be a product of
// primes that are not below primesBelow.
func (c *calc) primeFactors(n *big.Int, exp int64) (out []factor) {
	n = new(big.Int).Abs(n)
	rest := new(big.Int)
	for _, p := range primes {
		if n.IsInt64() && n.Int64() < p*p {
			break
		}
		if !c.spend(1 + n.BitLen()/2048) {
			return nil
		}
		prime := big.NewInt(p)
		if rest.Rem(n, prime).Sign() == 0 {
			out = append(out, factor{primeAtom(prime, atomPrime), whole(exp * strip(n, prime))})
		}
	}
	if n.Cmp(big.NewInt(1)) <= 0 {
		return out
	}
	if root := new(big.Int).Sqrt(n); new(big.Int).Mul(root, root).Cmp(n) == 0 {
		n, exp = root, 2*exp
	}
	kind := atomPart
	if n.BitLen() < 256 && c.spend(200) && n.ProbablyPrime(10) {
		kind = atomPrime
	}
	return append(out, factor{primeAtom(n, kind), whole(exp)})
}

func primeAtom(n *big.Int, kind atomKind) *atom {
	n = new(big.Int).Set(n)
	return &atom{key: n.String(), kind: kind, num: n}
}

// invert returns 1/a.
func (c *calc) invert(a sum) sum { return c.pow(a, whole(-1)) }

// pow returns a to the power of a rational number, by the principal value; odd roots of negative numbers are real.
func (c *calc) pow(a sum, exp frac) sum {
	switch {
	case c.failed || exp.n == 0 && len(a) == 0: // 0^0
		return c.fail()
	case exp.n == 0:
		return integer(1)
	case len(a) == 0 && exp.n < 0:
		return c.fail()
	case len(a) == 0:
		return nil
	case len(a) == 1:
		return c.powTerm(a[0], exp)
	case exp.d == 1 && exp.n > 0 && exp.n <= maxTerms:
		if expanded := c.tryRaise(a, exp.n); expanded != nil {
			return expanded
		}
	case exp.d == 1 && exp.n == -1:
		if conjugate := c.conjugate(a); conjugate != nil {
			return c.multiply(conjugate, c.invert(c.multiply(a, conjugate)))
		}
	case exp.d == 1 && exp.n < 0:
		return c.invert(c.pow(a, whole(-exp.n)))
	}
	return c.powSum(a, exp)
}

// tryRaise returns a to the n, or nil if the result has too many terms.
func (c *calc) tryRaise(a sum, n int64) sum {
	if n > 40 || len(a) > 40 {
		return nil
	}
	terms := 1 // binomial(n + len(a) - 1, n) at most
	for i := int64(1); i <= n; i++ {
		if terms = terms * (len(a) - 1 + int(i)) / int(i); terms > maxTerms/2 {
			return nil
		}
	}
	return c.raise(a, n)
}

// conjugate returns the sum with which a has a rational product, if a has two terms, of which one is a square root or
// imaginary, or nil.
func (c *calc) conjugate(a sum) sum {
	if len(a) != 2 {
		return nil
	}
	for k := range a {
		square := c.multiply(a[k:k+1], a[k:k+1])
		if r, ok := square.rational(); ok && len(a[k].factors) > 0 && r.Sign() != 0 {
			other := c.multiply(a[1-k:2-k], a[1-k:2-k])
			if _, ok := other.rational(); ok {
				return c.add(c.negate(a[k:k+1]), a[1-k:2-k])
			}
		}
	}
	return nil
}

// powSum returns a sum of several terms to a power that is not expanded: the content is taken out.
func (c *calc) powSum(a sum, exp frac) sum {
	content := a.content()
	if exp.d == 1 && a[len(a)-1].coef.Sign() < 0 {
		content.Neg(content)
	}
	primitive := c.scale(a, new(big.Rat).Inv(content))
	if c.failed {
		return nil
	}
	s := &atom{key: "(" + primitive.String() + ")", kind: atomSum, args: []sum{primitive}}
	if !c.spend(len(s.key) / 8) {
		return nil
	}
	return c.multiply(c.pow(constant(content), exp), sum{{big.NewRat(1, 1), []factor{{s, exp}}}})
}

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

// powTerm returns a term to a power.
func (c *calc) powTerm(t term, exp frac) sum {
	if exp.d == 1 {
		out := make([]factor, len(t.factors))
		for i, f := range t.factors {
			e, ok := f.exp.times(exp)
			if !ok {
				return c.fail()
			}
			out[i] = factor{f.atom, e}
		}
		if one := big.NewRat(1, 1); t.coef.Cmp(one) == 0 {
			return c.tidy(one, out)
		}
		if abs(exp.n) <= maxBits && int(abs(exp.n))*bitLen(t.coef) <= maxBits {
			p := power(t.coef.Num(), exp.n)
			return c.tidy(c.times(p, power(t.coef.Denom(), -exp.n)), out)
		}
		sign, numbers := c.factorise(t.coef)
		if exp.n%2 == 0 {
			sign.SetInt64(1)
		}
		for i, f := range numbers {
			e, ok := f.exp.times(exp)
			if !ok {
				return c.fail()
			}
			numbers[i].exp = e
		}
		return c.multiply(c.tidy(sign, numbers), c.tidy(big.NewRat(1, 1), out))
	}
	sign, numbers := c.factorise(t.coef)
	known, rest := numbers, term{big.NewRat(1, 1), nil}
	for _, f := range t.factors {
		if f.atom.positive() {
			known = append(known, f)
		} else {
			rest.factors = append(rest.factors, f)
		}
	}
	out := sum{{big.NewRat(1, 1), nil}}
	for _, f := range known {
		e, ok := f.exp.times(exp)
		if !ok || c.failed {
			return c.fail()
		}
		out = c.multiply(out, c.tidy(big.NewRat(1, 1), []factor{{f.atom, e}}))
	}
	if sign.Sign() < 0 {
		switch {
		case len(rest.factors) > 0:
			rest.coef = sign
		case exp.d%2 == 1 && exp.n%2 != 0:
			out = c.negate(out)
		case exp.d == 2:
			out = c.multiply(out, c.pow(of(iAtom), whole(exp.n)))
		case exp.d%2 == 0:
			minusOne := &atom{key: "(-1)", kind: atomSum, args: []sum{integer(-1)}}
			out = c.multiply(out, sum{{big.NewRat(1, 1), []factor{{minusOne, exp}}}})
		}
	}
	switch r := rest.factors; {
	case len(r) == 0:
		return out
	case len(r) == 1 && rest.coef.Sign() > 0 && (r[0].exp == whole(1) || r[0].exp == whole(-1) || r[0].exp.d > 1):
		e, ok := r[0].exp.times(exp)
		if !ok {
			return c.fail()
		}
		return c.multiply(out, c.tidy(big.NewRat(1, 1), []factor{{r[0].atom, e}}))
	case exp == frac{1, 2} && rest.coef.Sign() > 0 && !rest.complex() && rest.square(): // √x² is |x|
		half := make([]factor, len(r))
		for i, f := range r {
			half[i] = factor{f.atom, whole(f.exp.n / 2)}
		}
		return c.multiply(out, c.call("abs", sum{{big.NewRat(1, 1), half}}))
	}
	inside := sum{rest}
	a := &atom{key: "(" + inside.String() + ")", kind: atomSum, args: []sum{inside}}
	return c.multiply(out, sum{{big.NewRat(1, 1), []factor{{a, exp}}}})
}

// square reports whether all exponents of t are even.
func (t term) square() bool {
	return !slices.ContainsFunc(t.factors, func(f factor) bool { return f.exp.d != 1 || f.exp.n%2 != 0 })
}

func (t term) complex() bool {
	return slices.ContainsFunc(t.factors, func(f factor) bool { return f.atom.kind == atomI })
}

// positive reports whether a is a positive number.
func (a *atom) positive() bool {
	switch a.kind {
	case atomPi, atomE, atomPrime, atomPart:
		return true
	case atomPower:
		return a.args[0][0].factors[0].atom.kind != atomVariable
	}
	return false
}

// powAny returns base to the power of any exponent.
func (c *calc) powAny(base, exponent sum) sum {
	if r, ok := exponent.rational(); ok {
		if !r.Num().IsInt64() || !r.Denom().IsInt64() || r.Denom().Int64() > 1000 {
			return c.fail()
		}
		return c.pow(base, frac{r.Num().Int64(), r.Denom().Int64()})
	}
	if len(base) != 1 || c.failed {
		return c.call("pow", base, exponent)
	}
	sign, factors := c.factorise(base[0].coef)
	factors = append(factors, base[0].factors...)
	if sign.Sign() < 0 || len(factors) == 0 {
		return c.call("pow", base, exponent)
	}
	for _, f := range factors {
		if !f.atom.positive() && (len(factors) > 1 || f.atom.kind != atomVariable || f.exp != whole(1)) || f.atom.kind == atomPower {
			return c.call("pow", base, exponent)
		}
	}
	out := integer(1)
	for _, f := range factors {
		for _, t := range exponent {
			scaled := c.times(t.coef, f.exp.rat())
			if !scaled.Num().IsInt64() || !scaled.Denom().IsInt64() {
				return c.fail()
			}
			e := frac{scaled.Num().Int64(), scaled.Denom().Int64()}
			a := f.atom
			if len(t.factors) > 0 {
				monomial := sum{{big.NewRat(1, 1), t.factors}}
				a = &atom{key: a.key + "^(" + monomial.String() + ")", kind: atomPower, args: []sum{of(a), monomial}}
			}
			out = c.multiply(out, c.tidy(big.NewRat(1, 1), []factor{{a, e}}))
		}
	}
	return out
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
