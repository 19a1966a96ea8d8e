package answer

import (
	"math/big"
	"strings"
)

// number parses a literal, a mixed number, a repeating decimal, or a number in another base.
func (p *parser) number() sum {
	x := p.next()
	p.i++
	if len(p.t) > p.i {
		switch y := p.next(); {
		case y.kind == tokenCommand && (y.text == "overline" || y.text == "bar" || y.text == "dot") && strings.Contains(x.text, "."):
			p.i++
			return p.repeating(x)
		case y.is("_"):
			return p.based(constant(x.num))
		case y.kind == tokenCommand && y.text == "frac" && x.ulp == nil && p.mixedFraction():
			p.i++
			numerator := p.argument()
			return p.calc.add(constant(x.num), p.calc.multiply(numerator, p.calc.invert(p.argument())))
		case y.kind == tokenNumber && y.space && x.ulp == nil && y.ulp == nil && p.peek(1).is("/") && p.peek(2).kind == tokenNumber && p.peek(2).ulp == nil &&
			p.peek(2).num.Sign() != 0:
			fraction := new(big.Rat).Quo(y.num, p.peek(2).num)
			p.i += 3
			return constant(fraction.Add(fraction, x.num))
		}
	}
	return constant(x.num)
}

// mixedFraction reports whether \frac follows with digits only.
func (p *parser) mixedFraction() bool {
	groups, depth := 0, 0
	for i := p.i + 1; i < len(p.t) && groups < 2; i++ {
		switch x := p.t[i]; {
		case x.is("{"):
			depth++
		case x.is("}"):
			depth--
			groups++
		case x.kind == tokenNumber && x.ulp == nil:
			if depth == 0 {
				groups += len(x.text)
			}
		default:
			return false
		}
	}
	return groups >= 2
}

// repeating parses the digits under the bar of 0.1\overline{6}.
func (p *parser) repeating(x token) sum {
	start := p.i
	if p.eat("{") {
		start = p.i
	}
	y := p.next()
	if y.kind != tokenNumber || y.ulp != nil || len(y.text) == 0 || len(y.text) > 20 {
		return p.fail()
	}
	if p.i++; p.i-1 == start && start > 0 && p.t[start-1].is("{") && !p.eat("}") {
		return p.fail()
	}
	_, decimals, _ := strings.Cut(x.text, ".")
	digits, _ := new(big.Int).SetString(y.text, 10)
	den := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(y.text))), nil)
	den.Sub(den, big.NewInt(1)).Mul(den, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(decimals))), nil))
	return constant(new(big.Rat).Add(x.num, new(big.Rat).SetFrac(digits, den)))
}

var baseNames = map[string]string{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
	"eleven": "11", "twelve": "12", "sixteen": "16"}

// based parses the base of a number, 52_8: an atom that equals only the same digits in the same base.
func (p *parser) based(digits sum) sum {
	p.i++
	base := p.subscript()
	if name := baseNames[base]; name != "" {
		base = name
	}
	n, ok := digits.rational()
	if !ok || n.Sign() < 0 || base == "" || base == "0" || strings.Trim(base, "0123456789") != "" {
		return p.fail()
	}
	if base == "10" {
		return digits
	}
	return of(&atom{key: n.RatString() + "_" + base, kind: atomVariable})
}

// digits returns the text of a token, or the number that its words mean.
func (t token) digits() string {
	if t.kind == tokenNumber && t.text == "" {
		return t.num.RatString()
	}
	return t.text
}

// subscript returns the text of a subscript, without braces and parentheses.
func (p *parser) subscript() string {
	if !p.next().is("{") {
		x := p.next()
		p.i++
		if x.kind == tokenSymbol {
			p.failed = true
		}
		return x.digits()
	}
	var b strings.Builder
	for p.i++; !p.next().is("}"); p.i++ {
		x := p.next()
		if x.is("") {
			p.failed = true
			return ""
		}
		if !x.is("(") && !x.is(")") && !x.is("{") {
			b.WriteString(x.digits())
		}
	}
	p.i++
	return b.String()
}
