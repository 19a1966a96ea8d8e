package answer

import (
	"errors"
	"hash/fnv"
	"math"
	"math/cmplx"
	"regexp"
	"strconv"
	"strings"
)

// mixed matches the fraction of a mixed number: 1\frac45.
var mixed = regexp.MustCompile(`^\\frac(?:[0-9]|\{[0-9]+\}){2}`)

var (
	decimal = regexp.MustCompile(`^[0-9.]+`)
	// scientific requires a decimal point, a capital E or an exponent of two digits, as
	// programs print: in 2e-5, e is Euler's number.
	scientific = regexp.MustCompile(`^(?:[0-9]*\.[0-9]*[eE][-+]?[0-9]+|[0-9]+E[-+]?[0-9]+|[0-9]+e[-+]?[0-9]{2,})`)
)

var errNotMath = errors.New("answer: not an expression")

// evaluate computes an expression in normal form over the complex numbers. A variable
// has a fixed value that depends on its name and on point. Expressions that agree at
// several points are equal with high probability (Schwartz 1980, Zippel 1979), so no
// symbolic algebra is needed: (a+5)(b+2) equals ab+2a+5b+10. evaluate takes time linear
// in the length of s.
func evaluate(s string, point int) (complex128, error) {
	p := &parser{s: s, point: point}
	v := p.sum()
	if p.failed || p.i < len(p.s) || cmplx.IsNaN(v) || cmplx.IsInf(v) {
		return 0, errNotMath
	}
	return v, nil
}

// A parser is a recursive descent parser that evaluates while it parses. It recurses at
// most once per byte, and answers are no longer than MaxLen.
type parser struct {
	s      string
	i      int
	point  int
	failed bool
}

func (p *parser) fail() complex128 {
	p.failed = true
	return cmplx.NaN()
}

func (p *parser) rest() string { return p.s[p.i:] }

// eat skips prefix if the rest begins with it, and reports whether it does.
func (p *parser) eat(prefix string) bool {
	if p.failed || !strings.HasPrefix(p.rest(), prefix) {
		return false
	}
	p.i += len(prefix)
	return true
}

func (p *parser) sum() complex128 {
	v := p.product()
	for !p.failed {
		switch {
		case p.eat("+"):
			v += p.product()
		case p.eat("-"):
			v -= p.product()
		default:
			return v
		}
	}
	return v
}

func (p *parser) product() complex128 {
	v := p.signed()
	for !p.failed {
		switch {
		case p.eat("*"):
			v *= p.signed()
		case p.eat("/"):
			v /= p.signed()
		case p.startsFactor():
			v *= p.power()
		default:
			return v
		}
	}
	return v
}

// startsFactor reports whether a factor follows without an operator.
func (p *parser) startsFactor() bool {
	r := p.rest()
	if r == "" {
		return false
	}
	c := r[0]
	if c == '\\' {
		return len(r) > 1 && isLetter(r[1])
	}
	if c == ' ' { // between a command and a letter; never between digits
		return len(r) > 1 && isLetter(r[1])
	}
	return isDigit(c) || isLetter(c) || c == '(' || c == '[' || c == '{' || c == '.' || strings.HasPrefix(r, "π")
}

func (p *parser) signed() complex128 {
	sign := complex128(1)
	for !p.failed {
		if p.eat("-") {
			sign = -sign
		} else if !p.eat("+") {
			break
		}
	}
	return sign * p.power()
}

func (p *parser) power() complex128 {
	v := p.atom()
	for p.eat("!") {
		v = factorial(v)
	}
	if p.eat("^") {
		return cmplx.Pow(v, p.signed())
	}
	return v
}

// argument parses the argument of \frac or \sqrt: a group, or one token.
func (p *parser) argument() complex128 {
	p.eat(" ")
	if r := p.rest(); r != "" && isDigit(r[0]) {
		p.i++
		return complex(float64(r[0]-'0'), 0)
	}
	return p.atom()
}

// group parses an expression in brackets.
func (p *parser) group(open, end string) complex128 {
	p.eat(open)
	v := p.sum()
	if !p.eat(end) {
		return p.fail()
	}
	return v
}

func (p *parser) atom() complex128 {
	p.eat(" ")
	r := p.rest()
	switch {
	case p.failed || r == "":
		return p.fail()
	case r[0] == '(':
		return p.group("(", ")")
	case r[0] == '[':
		return p.group("[", "]")
	case r[0] == '{':
		return p.group("{", "}")
	case r[0] == '|':
		return complex(cmplx.Abs(p.group("|", "|")), 0)
	case p.eat("π"):
		return math.Pi
	case isDigit(r[0]) || r[0] == '.':
		return p.number()
	case r[0] == '\\':
		name := commandName(r[1:])
		p.i += 1 + len(name)
		return p.named(name)
	case isLetter(r[0]):
		return p.letters()
	}
	return p.fail()
}

// number parses a literal or a mixed number.
func (p *parser) number() complex128 {
	literal := scientific.FindString(p.rest())
	if literal == "" {
		literal = decimal.FindString(p.rest())
	}
	v, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return p.fail()
	}
	p.i += len(literal)
	if m := mixed.FindString(p.rest()); m != "" {
		if part, ok := rational(m); ok {
			p.i += len(m)
			f, _ := part.Float64()
			v += f
		}
	}
	return complex(v, 0)
}

// letters parses a function without a backslash, or one variable.
func (p *parser) letters() complex128 {
	r := p.rest()
	n := 0
	for n < len(r) && isLetter(r[n]) {
		n++
	}
	for _, name := range []string{"sqrt", "sin", "cos", "tan", "log", "ln", "exp", "pi"} {
		if strings.HasPrefix(r, name) {
			p.i += len(name)
			return p.named(name)
		}
	}
	if n > 2 { // a word
		return p.fail()
	}
	p.i++
	switch r[0] {
	case 'i':
		return 1i
	case 'e':
		return math.E
	}
	return p.variable(r[:1])
}

// variable returns the value of a variable at p.point.
func (p *parser) variable(name string) complex128 {
	h := fnv.New32a()
	h.Write([]byte{byte(p.point)})
	h.Write([]byte(name))
	return complex(0.5+2*float64(h.Sum32())/math.MaxUint32, 0)
}

// named parses the arguments of a command, if it has any, and returns its value.
func (p *parser) named(name string) complex128 {
	switch name {
	case "pi":
		return math.Pi
	case "frac":
		num := p.argument()
		return num / p.argument()
	case "binom", "dbinom", "tbinom":
		n := p.argument()
		return binomial(n, p.argument())
	case "sqrt":
		index := complex128(2)
		if strings.HasPrefix(p.rest(), "[") {
			index = p.group("[", "]")
		}
		return principalRoot(p.argument(), index)
	case "log":
		base := complex128(10)
		if p.eat("_") {
			base = p.argument()
		}
		return p.apply(cmplx.Log) / cmplx.Log(base)
	}
	if f, ok := functions[name]; ok {
		return p.apply(f)
	}
	if greek[name] {
		return p.variable(name)
	}
	return p.fail()
}

// apply parses an optional power and the argument of the function f. An argument
// without brackets is the product that follows, as in \sin 2x.
func (p *parser) apply(f func(complex128) complex128) complex128 {
	power := complex128(1)
	if p.eat("^") {
		power = p.signed()
	}
	p.eat(" ")
	var arg complex128
	if r := p.rest(); strings.HasPrefix(r, "(") || strings.HasPrefix(r, "{") {
		arg = p.atom()
	} else {
		arg = p.power()
		for !p.failed && p.startsFactor() && !strings.HasPrefix(p.rest(), `\`) {
			arg *= p.power()
		}
	}
	if power == -1 {
		return p.fail() // \sin^{-1} is ambiguous
	}
	return cmplx.Pow(f(arg), power)
}
