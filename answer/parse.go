package answer

import (
	"math/big"
	"slices"
	"strings"
)

// A parser is a recursive descent parser of expressions that computes their normal form. It recurses at most once per
// token.
type parser struct {
	t      []token
	i      int
	calc   *calc
	bars   int  // open bars of absolute values
	radian bool // the argument of a trigonometric function: a sign of degrees multiplies by π/180
	failed bool
}

// expression returns the normal form of the expression t.
func expression(t []token, c *calc) (sum, bool) {
	p := &parser{t: explode(t), calc: c}
	if len(p.t) == 0 {
		return nil, false
	}
	v := p.quotient()
	return v, !p.failed && !c.failed && p.i == len(p.t)
}

// explode divides runs of letters into functions and variables: 2xy has two variables, 3 sinx a function.
func explode(t []token) []token {
	out := make([]token, 0, len(t))
	for _, x := range t {
		if x.kind != tokenLetters || len(x.text) == 1 || x.text[0] >= 0x80 {
			out = append(out, x)
			continue
		}
		run := x.text
		split := splitRun(run)
		if split == nil || x.word && len(split) > 1 || phraseWord(run) {
			out = append(out, x)
			continue
		}
		split[0].space = x.space
		out = append(out, split...)
	}
	return out
}

// maxRun is the number of letters from which a run is a word.
const maxRun = 5

// splitRun divides a run of letters, or returns nil for a word.
func splitRun(run string) (out []token) {
	variables := 0
	for i := 0; i < len(run); {
		rest := run[i:]
		at := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(rest, n) })
		switch {
		case at >= 0 && len(rest)-len(names[at]) <= 3:
			out = append(out, token{kind: tokenCommand, text: names[at]})
			i += len(names[at])
			continue
		case strings.HasPrefix(rest, "pi") || strings.HasPrefix(rest, "Pi") && len(run) == 2:
			out = append(out, symbol("π"))
			i += 2
			continue
		case rest[0] >= 0x80:
			return nil
		}
		out = append(out, token{kind: tokenLetters, text: rest[:1]})
		i++
		if variables++; variables >= maxRun {
			return nil
		}
	}
	return out
}

func (p *parser) fail() sum {
	p.failed = true
	return nil
}

// next returns the next token, or the zero symbol at the end.
func (p *parser) next() token {
	if p.failed || p.calc.failed || p.i >= len(p.t) {
		return symbol("")
	}
	return p.t[p.i]
}

func (p *parser) peek(n int) token {
	if p.i+n < len(p.t) && p.i+n >= 0 {
		return p.t[p.i+n]
	}
	return symbol("")
}

// eat skips a symbol, and reports whether it stands next.
func (p *parser) eat(s string) bool {
	if !p.next().is(s) {
		return false
	}
	p.i++
	return true
}

func (p *parser) sum() sum {
	v := p.product()
	for {
		switch {
		case p.eat("+"):
			v = p.calc.add(v, p.product())
		case p.eat("-"):
			v = p.calc.add(v, p.calc.negate(p.product()))
		default:
			return v
		}
	}
}

// quotient parses a sum, or two sums with \over or \choose between them.
func (p *parser) quotient() sum {
	v := p.sum()
	switch x := p.next(); {
	case x.kind == tokenCommand && x.text == "over":
		p.i++
		return p.calc.multiply(v, p.calc.invert(p.sum()))
	case x.kind == tokenCommand && x.text == "choose":
		p.i++
		return p.calc.call("binomial", v, p.sum())
	}
	return v
}

func (p *parser) product() sum {
	v := p.signed()
	for {
		switch {
		case p.eat("*"):
			v = p.calc.multiply(v, p.signed())
		case p.eat("/"):
			v = p.calc.multiply(v, p.calc.invert(p.signed()))
		case p.startsFactor():
			v = p.calc.multiply(v, p.power())
		default:
			return v
		}
		if p.failed || p.calc.failed {
			return nil
		}
	}
}

// startsFactor reports whether a factor follows without an operator.
func (p *parser) startsFactor() bool {
	switch x := p.next(); x.kind {
	case tokenNumber:
		return p.i > 0 && p.t[p.i-1].kind != tokenNumber
	case tokenLetters:
		return true
	case tokenCommand:
		return x.text != "over" && x.text != "choose" && x.text != "atop" && x.text != "overline"
	default:
		return x.text == "(" || x.text == "[" || x.text == "{" || x.text == "π" || x.text == "⌊" || x.text == "⌈" || x.text == "|" && p.bars == 0 ||
			x.text == "∞"
	}
}

func (p *parser) signed() sum {
	negative := false
	for {
		if p.eat("-") {
			negative = !negative
		} else if !p.eat("+") {
			break
		}
	}
	v := p.power()
	if negative {
		v = p.calc.negate(v)
	}
	return v
}

func (p *parser) power() sum {
	v := p.atom()
	for {
		switch {
		case p.next().is("!"):
			p.i++
			v = p.calc.call("factorial", v)
			continue
		case degreeSign(p.rest()) > 0:
			p.i += degreeSign(p.rest())
			if p.radian {
				v = p.calc.multiply(v, p.calc.scale(of(piAtom), big.NewRat(1, 180)))
			}
			continue
		}
		break
	}
	if p.eat("^") {
		return p.calc.powAny(v, p.signed())
	}
	return v
}

func (p *parser) rest() []token {
	if p.failed || p.i >= len(p.t) {
		return nil
	}
	return p.t[p.i:]
}

// argument parses the argument of \frac or \sqrt: a group, or one digit or atom.
func (p *parser) argument() sum {
	if x := p.next(); x.kind == tokenNumber && len(x.text) > 1 && isDigit(x.text[0]) && !strings.ContainsAny(x.text, ".eE") {
		p.t = slices.Clone(p.t)
		p.t[p.i] = decimalToken(x.text[1:])
		return integer(int64(x.text[0] - '0'))
	}
	if p.eat("-") {
		return p.calc.negate(p.atom())
	}
	return p.atom()
}

// group parses an expression in brackets.
func (p *parser) group(open, end string) sum {
	if !p.eat(open) {
		return p.fail()
	}
	bars := p.bars
	p.bars = 0
	if open == "|" {
		p.bars = 1
	}
	v := p.quotient()
	p.bars = bars
	if !p.eat(end) {
		return p.fail()
	}
	return v
}

func (p *parser) atom() sum {
	x := p.next()
	switch x.kind {
	case tokenNumber:
		return p.number()
	case tokenLetters:
		return p.letter()
	case tokenCommand:
		p.i++
		return p.command(x.text)
	}
	switch x.text {
	case "(":
		v := p.group("(", ")")
		if p.next().is("_") {
			return p.based(v)
		}
		return v
	case "[":
		return p.group("[", "]")
	case "{":
		return p.group("{", "}")
	case "|":
		return p.calc.call("abs", p.group("|", "|"))
	case "⌊":
		return p.calc.call("floor", p.group("⌊", "⌋"))
	case "⌈":
		return p.calc.call("ceil", p.group("⌈", "⌉"))
	case "π":
		p.i++
		return of(piAtom)
	case "∞":
		p.i++
		return of(variable("∞"))
	}
	return p.fail()
}
