package answer

import (
	"math/big"
	"slices"
	"strings"
)

var greek = setOf("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma" +
	" Phi Psi Omega ell hbar")

// decorations are commands that make a name of the letters that follow.
var decorations = setOf("angle triangle vec overline overrightarrow bar hat widehat overleftrightarrow measuredangle tilde odot")

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

// letter parses a variable with its subscript, a constant, or the application of a function that has no definition.
func (p *parser) letter() sum {
	x := p.next()
	if len(x.text) > 1 {
		return p.fail()
	}
	p.i++
	name := x.text
	primed := ""
	for p.eat("'") {
		primed += "'"
	}
	if p.next().is("_") {
		p.i++
		sub := p.subscript()
		if len(sub) > 1 {
			sub = "{" + sub + "}"
		}
		name += "_" + sub
	}
	name += primed
	switch name {
	case "i":
		return of(iAtom)
	case "e":
		return of(eAtom)
	}
	if p.next().is("(") && p.applied(name) {
		return p.application(name)
	}
	return of(variable(name))
}

// applied reports whether the name before a parenthesis is that of a function: f, g or h before any argument, and
// other names of functions before a number or a variable.
func (p *parser) applied(name string) bool {
	first := name[:1]
	if strings.Contains("fghFGH", first) || strings.Contains(name, "'") {
		return true
	}
	inner := p.peek(1)
	return p.peek(2).is(")") && (inner.kind == tokenNumber || inner.kind == tokenLetters && len(inner.text) == 1) &&
		(first >= "A" && first <= "Z" || strings.Contains("pquvwrs", first))
}

// application parses the arguments of a function without a definition.
func (p *parser) application(name string) sum {
	p.i++
	var args []sum
	for {
		args = append(args, p.sum())
		if p.eat(")") {
			break
		}
		if !p.eat(",") && !p.eat(";") {
			return p.fail()
		}
	}
	return p.calc.atom(name, args...)
}

// command parses the arguments of a command, if it has any.
func (p *parser) command(name string) sum {
	c := p.calc
	switch name {
	case "frac":
		numerator := p.argument()
		return c.multiply(numerator, c.invert(p.argument()))
	case "binom":
		n := p.argument()
		return c.call("binomial", n, p.argument())
	case "sqrt":
		if p.next().is("[") {
			index, ok := p.group("[", "]").small()
			if !ok || index < 1 || index > 1000 {
				return p.fail()
			}
			return c.pow(p.argument(), frac{1, index})
		}
		if x := p.next(); x.kind == tokenNumber {
			p.i++
			return c.call("sqrt", constant(x.num))
		}
		return c.call("sqrt", p.atom())
	case "factorial", "binomial", "floor", "ceil", "gcd", "lcm", "max", "min", "abs", "pow":
		return p.called(name)
	}
	switch {
	case name == "i":
		return of(iAtom)
	case known(name):
		return p.function(name)
	case greek[name]:
		full := `\` + name
		if p.next().is("_") {
			p.i++
			full += "_{" + p.subscript() + "}"
		}
		return of(variable(full + " "))
	case decorations[name]:
		return p.decorated(name)
	}
	return p.fail()
}

// called parses the arguments of a function in parentheses, or one operand.
func (p *parser) called(name string) sum {
	if !p.next().is("(") {
		return p.calc.call(name, p.power())
	}
	p.i++
	var args []sum
	for len(args) < 20 {
		args = append(args, p.sum())
		if p.eat(")") {
			break
		}
		if !p.eat(",") && !p.eat(";") {
			return p.fail()
		}
	}
	if p.failed || (name == "binomial" || name == "pow") != (len(args) == 2) && name != "gcd" && name != "lcm" && name != "max" && name != "min" {
		return p.fail()
	}
	return p.calc.call(name, args...)
}

// decorated parses the letters after \angle, \vec and the like: one variable.
func (p *parser) decorated(name string) sum {
	text := ""
	braced := p.eat("{")
	for p.next().kind == tokenLetters {
		text += p.next().text
		p.i++
	}
	if text == "" || braced && !p.eat("}") {
		return p.fail()
	}
	return of(variable(`\` + name + "{" + text + "}"))
}

// function parses an optional power and the argument of a function. An argument without brackets is the product that
// follows, as in \sin 2x.
func (p *parser) function(name string) sum {
	var args []sum
	exponent := sum(nil)
	for {
		if p.next().is("_") && name == "log" {
			p.i++
			args = []sum{nil, p.argument()}
			continue
		}
		if p.eat("^") {
			exponent = p.signed()
			continue
		}
		break
	}
	defer func(radian bool) { p.radian = radian }(p.radian)
	p.radian = name != "log" && name != "ln" && name != "exp"
	x := p.next()
	var arg sum
	switch {
	case x.is("(") || x.is("{") || x.is("["):
		arg = p.atom()
	default:
		arg = p.signed()
		for !p.failed && p.startsFactor() && p.next().kind != tokenCommand {
			arg = p.calc.multiply(arg, p.power())
		}
	}
	if p.failed || p.calc.failed {
		return p.fail()
	}
	if n, ok := exponent.rational(); exponent != nil && ok && n.Cmp(big.NewRat(-1, 1)) == 0 {
		inverse := map[string]string{"sin": "arcsin", "cos": "arccos", "tan": "arctan"}[name]
		if inverse == "" {
			return p.fail()
		}
		name, exponent = inverse, nil
	}
	if args == nil {
		args = []sum{arg}
	} else {
		args[0] = arg
	}
	v := p.calc.call(name, args...)
	if exponent != nil {
		return p.calc.powAny(v, exponent)
	}
	return v
}
