package answer

import (
	"math/big"
	"strings"
)

var greek = setOf("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma" +
	" Phi Psi Omega ell hbar")

// decorations are commands that make a name of the letters that follow.
var decorations = setOf("angle triangle vec overline overrightarrow bar hat widehat overleftrightarrow measuredangle tilde odot")

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
