package answer

import "math/big"

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
