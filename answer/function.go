package answer

import (
	"math/big"
	"math/cmplx"
	"slices"
	"strings"
)

// functions are the functions of one argument that have no other exact rule than the ones of [calc.call].
var functions = map[string]func(complex128) complex128{
	"sin": cmplx.Sin, "cos": cmplx.Cos, "ln": cmplx.Log, "arcsin": cmplx.Asin, "arccos": cmplx.Acos, "arctan": cmplx.Atan,
	"sinh": cmplx.Sinh, "cosh": cmplx.Cosh, "tanh": cmplx.Tanh,
	"abs": func(z complex128) complex128 { return complex(cmplx.Abs(z), 0) },
}

// names are the functions that may be written without a backslash, longest first.
var names = []string{"factorial", "binomial", "arcsin", "arccos", "arctan", "floor", "sqrt", "sinh", "cosh", "tanh", "ceil", "asin", "acos", "atan", "sin", "cos",
	"tan", "cot", "sec", "csc", "log", "exp", "gcd", "lcm", "max", "min", "abs", "pow", "ln", "lg"}

// synonyms are other names of functions.
var synonyms = map[string]string{"asin": "arcsin", "acos": "arccos", "atan": "arctan", "lg": "log", "tg": "tan", "arctg": "arctan", "ctg": "cot"}

// known reports whether name is a function.
func known(name string) bool { return slices.Contains(names, name) || synonyms[name] != "" }

// call returns the normal form of a function: its value where that has an exact form, or an atom.
func (c *calc) call(name string, args ...sum) sum {
	if other := synonyms[name]; other != "" {
		name = other
	}
	if c.failed || len(args) == 0 || !c.spend(8) {
		return c.fail()
	}
	x := args[0]
	switch name {
	case "sqrt":
		return c.pow(x, frac{1, 2})
	case "exp":
		return c.powAny(of(eAtom), x)
	case "tan":
		return c.multiply(c.call("sin", x), c.invert(c.call("cos", x)))
	case "cot":
		return c.multiply(c.call("cos", x), c.invert(c.call("sin", x)))
	case "sec":
		return c.invert(c.call("cos", x))
	case "csc":
		return c.invert(c.call("sin", x))
	case "sin", "cos":
		if v, ok := c.trigonometric(name, x); ok {
			return v
		}
		if len(x) > 0 && x[len(x)-1].coef.Sign() < 0 { // sin(-x) = -sin x
			v := c.atom(name, c.negate(x))
			if name == "sin" {
				v = c.negate(v)
			}
			return v
		}
	case "ln":
		return c.logarithm(x)
	case "log":
		base := integer(10)
		if len(args) > 1 {
			base = args[1]
		}
		return c.ratio(c.logarithm(x), c.logarithm(base))
	case "abs":
		if r, ok := x.rational(); ok {
			return constant(new(big.Rat).Abs(r))
		}
		if sign, ok := signOf(x); ok {
			if sign < 0 {
				x = c.negate(x)
			}
			return x
		}
		content := x.content()
		if x[len(x)-1].coef.Sign() < 0 {
			content.Neg(content)
		}
		return c.scale(c.atom(name, c.scale(x, new(big.Rat).Inv(content))), content.Abs(content))
	case "floor", "ceil":
		if r, ok := x.rational(); ok {
			q := new(big.Int).Div(r.Num(), r.Denom())
			if name == "ceil" && !r.IsInt() {
				q.Add(q, big.NewInt(1))
			}
			return constant(new(big.Rat).SetInt(q))
		}
	case "factorial":
		if n, ok := x.small(); ok && n >= 0 && n <= 2000 && c.spend(int(n)) {
			return constant(new(big.Rat).SetInt(new(big.Int).MulRange(1, n)))
		} else if r, ok := x.rational(); ok && (r.Sign() < 0 || !r.IsInt()) {
			return c.fail()
		}
	case "binomial":
		n, ok1 := x.small()
		k, ok2 := args[1].small()
		if ok1 && ok2 && 0 <= k && k <= n && n <= 4000 && c.spend(int(2*min(k, n-k))) {
			return constant(new(big.Rat).SetInt(new(big.Int).Binomial(n, k)))
		}
	case "gcd", "lcm", "max", "min":
		if v, ok := extremum(name, args); ok {
			return v
		}
		if name == "max" || name == "min" {
			slices.SortFunc(args, func(a, b sum) int { return strings.Compare(a.String(), b.String()) })
		}
	}
	return c.atom(name, args...)
}

// atom returns a function as an atom.
func (c *calc) atom(name string, args ...sum) sum {
	var b strings.Builder
	b.WriteString(name + "(")
	for i, a := range args {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(a.String())
	}
	b.WriteByte(')')
	if !c.spend(b.Len() / 8) {
		return nil
	}
	return of(&atom{key: b.String(), kind: atomCall, name: name, args: args})
}

// ratio returns a/b, exactly if a is a multiple of b.
func (c *calc) ratio(a, b sum) sum {
	if len(a) == len(b) && len(a) > 0 {
		by := new(big.Rat).Quo(a[0].coef, b[0].coef)
		if c.scale(b, by).equal(a) {
			return constant(by)
		}
	}
	return c.multiply(a, c.invert(b))
}

// logarithm returns the natural logarithm of x: of a positive number as a sum of logarithms of primes.
func (c *calc) logarithm(x sum) sum {
	if len(x) == 0 {
		return c.fail()
	}
	if len(x) > 1 || x[0].coef.Sign() < 0 || slices.ContainsFunc(x[0].factors, func(f factor) bool { return !f.atom.positive() }) {
		return c.atom("ln", x)
	}
	_, factors := c.factorise(x[0].coef)
	var out sum
	for _, f := range append(factors, x[0].factors...) {
		l := integer(1)
		switch f.atom.kind {
		case atomE:
		case atomPower:
			l = c.multiply(c.logarithm(f.atom.args[0]), f.atom.args[1])
		default:
			l = c.atom("ln", of(f.atom))
		}
		out = c.add(out, c.scale(l, f.exp.rat()))
	}
	return out
}

// trigonometric returns the sine or cosine of a multiple of π/12.
func (c *calc) trigonometric(name string, x sum) (sum, bool) {
	turn := new(big.Rat)
	switch {
	case len(x) == 0:
	case len(x) == 1 && len(x[0].factors) == 1 && x[0].factors[0] == factor{piAtom, whole(1)}:
		turn.Mul(x[0].coef, big.NewRat(12, 1))
	default:
		return nil, false
	}
	if !turn.IsInt() {
		return nil, false
	}
	k := int(new(big.Int).Mod(turn.Num(), big.NewInt(24)).Int64())
	if name == "cos" {
		k = (k + 6) % 24
	}
	negative := k >= 12
	k %= 12
	if k > 6 {
		k = 12 - k
	}
	root := func(n int64, by int64) sum {
		return c.scale(c.pow(integer(n), frac{1, 2}), big.NewRat(1, by))
	}
	var v sum
	switch k {
	case 1:
		v = c.add(root(6, 4), c.negate(root(2, 4)))
	case 2:
		v = constant(big.NewRat(1, 2))
	case 3:
		v = root(2, 2)
	case 4:
		v = root(3, 2)
	case 5:
		v = c.add(root(6, 4), root(2, 4))
	case 6:
		v = integer(1)
	}
	if negative {
		v = c.negate(v)
	}
	return v, true
}

// extremum returns the greatest common divisor, least common multiple, maximum or minimum of numbers.
func extremum(name string, args []sum) (sum, bool) {
	var best *big.Rat
	for _, a := range args {
		r, ok := a.rational()
		if !ok || (name == "gcd" || name == "lcm") && (!r.IsInt() || r.Sign() <= 0 || r.Num().BitLen() > 256) {
			return nil, false
		}
		switch {
		case best == nil, name == "max" && r.Cmp(best) > 0, name == "min" && r.Cmp(best) < 0:
			best = r
		case name == "gcd" || name == "lcm":
			g := new(big.Int).GCD(nil, nil, best.Num(), r.Num())
			if name == "lcm" {
				g.Mul(best.Num(), new(big.Int).Quo(r.Num(), g))
			}
			if g.BitLen() > maxBits {
				return nil, false
			}
			best = new(big.Rat).SetInt(g)
		}
	}
	return constant(best), true
}
