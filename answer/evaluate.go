package answer

import (
	"hash/fnv"
	"math"
	"math/big"
	"math/cmplx"
	"slices"
	"strconv"
)

// An evaluation computes sums over the complex numbers, to compare those whose normal forms differ. A variable has a
// fixed value that depends on its name and the evaluation's point. Expressions that agree at several points are equal
// with high probability (Schwartz 1980, Zippel 1979).
type evaluation struct {
	point int
	seen  map[string]complex128 // values of atoms by key
	work  int
}

// maxEvaluated is the maximum number of factors that an evaluation computes.
const maxEvaluated = 20_000

// ranges are the ranges of the variables at each point. Roots and absolute values tell negative values from positive
// ones, and coefficients differ most at large ones.
var ranges = [...][2]float64{{.5, 2.5}, {-3, -.5}, {20, 60}, {-60, -20}, {-7, 9}, {.05, .95}, {-.95, .95}, {3, 11}, {200, 900},
	{-900, -200}, {1e4, 1e5}, {-1e5, -1e4}, {-6, 5}, {-40, 50}, {-3, 3}, {-700, 800}, {-8, 9}, {-12, 10}}

// value returns s at the evaluation's point, and the sum of the absolute values of its terms.
func (e *evaluation) value(s sum) (v complex128, size float64) {
	for _, t := range s {
		coef, _ := t.coef.Float64()
		x := complex(coef, 0)
		for _, f := range t.factors {
			if e.work++; e.work > maxEvaluated {
				return cmplx.NaN(), 0
			}
			x *= e.factor(f)
		}
		v += x
		size += cmplx.Abs(x)
	}
	return v, size
}

func (e *evaluation) factor(f factor) complex128 {
	exp := complex(float64(f.exp.n)/float64(f.exp.d), 0)
	if f.atom.kind == atomPower {
		base, _ := e.value(f.atom.args[0])
		exponent, _ := e.value(f.atom.args[1])
		return cmplx.Pow(base, exp*exponent)
	}
	x := e.atom(f.atom)
	switch {
	case f.exp.d == 1 && abs(f.exp.n) <= 1<<20:
		return integerPower(x, f.exp.n)
	case f.exp == frac{1, 2}:
		return cmplx.Sqrt(x)
	case f.exp.d%2 == 1 && imag(x) == 0 && real(x) < 0:
		v := math.Pow(-real(x), real(exp))
		if f.exp.n%2 != 0 {
			v = -v
		}
		return complex(v, 0)
	}
	return cmplx.Pow(x, exp)
}

func integerPower(x complex128, n int64) complex128 {
	v := complex128(1)
	for base, k := x, abs(n); k > 0; k >>= 1 {
		if k&1 == 1 {
			v *= base
		}
		base *= base
	}
	if n < 0 {
		v = 1 / v
	}
	return v
}

func (e *evaluation) atom(a *atom) complex128 {
	if v, ok := e.seen[a.key]; ok {
		return v
	}
	v := e.compute(a)
	e.seen[a.key] = v
	return v
}

func (e *evaluation) compute(a *atom) complex128 {
	switch a.kind {
	case atomI:
		return 1i
	case atomPi:
		return math.Pi
	case atomE:
		return math.E
	case atomPrime, atomPart:
		f, _ := new(big.Float).SetInt(a.num).Float64()
		return complex(f, 0)
	case atomSum:
		v, _ := e.value(a.args[0])
		return v
	case atomCall:
		return e.function(a)
	}
	return complex(e.hashed(a.key), 0)
}

// hashed returns the value of a variable.
func (e *evaluation) hashed(name string) float64 {
	if name == "∞" {
		return math.NaN()
	}
	h := fnv.New64a()
	h.Write([]byte(strconv.Itoa(e.point) + name))
	r := ranges[e.point]
	return r[0] + (r[1]-r[0])*float64(mix(h.Sum64())>>11)/(1<<53)
}

// mix spreads the bits of a hash, the last step of MurmurHash3 (Appleby): FNV changes the high bits of similar names
// little.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (e *evaluation) function(a *atom) complex128 {
	x, size := e.value(a.args[0])
	if f, ok := functions[a.name]; ok {
		return f(x)
	}
	switch a.name {
	case "pow":
		y, _ := e.value(a.args[1])
		return cmplx.Pow(x, y)
	case "floor", "ceil":
		v := real(x)
		if imag(x) != 0 || math.Abs(v-math.Round(v)) <= 1e-9*max(1, size) {
			return cmplx.NaN()
		}
		if a.name == "floor" {
			return complex(math.Floor(v), 0)
		}
		return complex(math.Ceil(v), 0)
	case "max", "min":
		best := real(x)
		for _, other := range a.args[1:] {
			y, _ := e.value(other)
			if (real(y) > best) == (a.name == "max") {
				best = real(y)
			}
		}
		return complex(best, 0)
	}
	return complex(e.hashed(a.key), 0) // a function without a definition, or an integer's
}

func evaluateAt(s sum, point int) (complex128, float64) {
	e := &evaluation{point: point, seen: map[string]complex128{}}
	return e.value(s)
}

// exact reports whether the normal form of s is unique among numbers and polynomials: if two such sums differ, their
// values differ. Products of roots of distinct primes are linearly independent over the rational numbers (Besicovitch
// 1940); π and e are taken as independent of each other.
func (s sum) exact() bool {
	for _, t := range s {
		for _, f := range t.factors {
			switch f.atom.kind {
			case atomPart, atomPower, atomCall:
				return false
			case atomSum:
				return false
			}
		}
	}
	return true
}

// constant reports whether s has no variables.
func (s sum) constant() bool {
	for _, t := range s {
		for _, f := range t.factors {
			if f.atom.kind == atomVariable {
				return false
			}
			for _, a := range f.atom.args {
				if !a.constant() {
					return false
				}
			}
		}
	}
	return true
}

// complexNumber reports whether s contains the imaginary unit.
func (s sum) complexNumber() bool {
	for _, t := range s {
		if t.complex() {
			return true
		}
		for _, f := range t.factors {
			for _, a := range f.atom.args {
				if a.complexNumber() {
					return true
				}
			}
		}
	}
	return false
}

// signOf returns the sign of a constant real number that is not 0.
func signOf(s sum) (int, bool) {
	if !s.constant() {
		return 0, false
	}
	v, size := evaluateAt(s, 0)
	if imag(v) != 0 || !(math.Abs(real(v)) > 1e-9*size) || math.IsInf(real(v), 0) {
		return 0, false
	}
	if real(v) < 0 {
		return -1, true
	}
	return 1, true
}

const (
	rounding = 1e-11 // error of an evaluation, relative to its terms
	agreed   = 2     // points at which expressions must be comparable
)

// same reports whether a and b are equal at all points at which they can be compared.
func (c *calc) same(a, b sum) bool {
	d := c.add(a, c.negate(b))
	switch {
	case c.failed:
		return false
	case len(d) == 0:
		return true
	case d.exact() || len(d) == 1 && d.constant() || slices.ContainsFunc(d, func(t term) bool { return bitLen(t.coef) > 40 }):
		return false // the last: floats do not tell 1-1/2¹⁰⁰ from 1
	case d.constant() && !a.complexNumber() && !b.complexNumber():
		v, size := evaluateAt(d, 0)
		return near(v, size) && size < 1e7
	}
	imaginary := a.complexNumber() || b.complexNumber()
	n := 0
	for point := range ranges {
		x, _ := evaluateAt(a, point)
		y, _ := evaluateAt(b, point)
		v, size := evaluateAt(d, point)
		realX, realY := isReal(x), isReal(y)
		switch {
		case imaginary && !cmplx.IsNaN(v) && !cmplx.IsInf(v):
		case !realX && !realY:
			continue // outside of the domain of both
		case realX != realY:
			return false
		}
		if !near(v, size) {
			return false
		}
		n++
	}
	return n >= agreed
}

func isReal(x complex128) bool {
	return !cmplx.IsNaN(x) && !cmplx.IsInf(x) && math.Abs(imag(x)) <= 1e-9*(1+math.Abs(real(x)))
}

// near reports whether a difference is 0 up to rounding errors, relative to the size of its terms.
func near(v complex128, size float64) bool { return cmplx.Abs(v) <= rounding*100*size }
