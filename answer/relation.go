package answer

import (
	"math/big"
	"slices"
	"strings"
)

// relations are the symbols of relations.
const relations = "=≈≡<>≤≥≠∈"

func isRelationSymbol(t token) bool {
	return t.kind == tokenSymbol && t.text != "" && strings.Contains(relations, t.text)
}

// isRelation reports whether t has a relation outside of brackets.
func isRelation(t []token) bool {
	depth := 0
	for _, x := range t {
		depth += x.nesting()
		if depth == 0 && isRelationSymbol(x) {
			return true
		}
	}
	return false
}

// relation reads equations, inequalities, memberships, and chains of them.
func (r *reader) relation(t []token) value {
	var ops []string
	sides := split(t, func(x token) bool {
		if isRelationSymbol(x) {
			ops = append(ops, x.text)
			return true
		}
		return false
	})
	for len(sides) > 1 && len(trim(sides[0])) == 0 { // = 9
		sides, ops = sides[1:], ops[1:]
	}
	if len(sides) == 1 {
		return r.side(sides[0])
	}
	equality := !slices.ContainsFunc(ops, func(op string) bool { return !strings.Contains("=≈≡∈", op) })
	if equality {
		return r.chain(t, sides)
	}
	if ops[0] == "=" || ops[0] == "∈" {
		return words(t)
	}
	return r.inequality(t, sides, ops)
}

// chain reads sides that are equal: x = 2+3 = 5.
func (r *reader) chain(t []token, sides [][]token) value {
	name := sides[0]
	named := isName(name) && !mentionsName(sides[1:], name)
	if named {
		sides = sides[1:]
	} else if last := sides[len(sides)-1]; isName(last) && len(last) == 1 {
		if v := r.side(sides[0]); v.kind != kindScalar || v.sum.constant() { // 5 = x
			sides = sides[:len(sides)-1]
		}
	}
	values := make([]value, len(sides))
	for i, s := range sides {
		if values[i] = r.side(s); values[i].kind == kindNone {
			return words(t)
		}
	}
	if len(values) == 1 {
		v := values[0]
		if v.kind == kindScalar && !v.sum.constant() && len(name) == 1 && sides[0] != nil {
			v.also = append(v.also, r.equation(name, sides[0])...)
		}
		return v
	}
	if slices.ContainsFunc(values, func(v value) bool { return v.kind != kindScalar }) {
		return words(t)
	}
	first, last := values[0], values[len(values)-1]
	agree := true
	for _, v := range values[1:] {
		agree = agree && agrees(r.calc, first, v)
	}
	switch {
	case agree && (first.sum.constant() || len(values) > 1 && first.sum.equal(last.sum)): // the most exact side, and the others
		best := slices.IndexFunc(values, func(v value) bool { return !v.decimal })
		v := values[max(best, 0)]
		v.also = append(v.also, values...)
		return v
	case first.sum.constant() && last.sum.constant():
		return words(t)
	case named && last.sum.constant(): // A = πr² = 9π
		return last
	case last.sum.constant() && constantTail(values[1:]):
		if r.question.states(sides[0]) {
			return last
		}
		if linearName(sides[0]) {
			if !sumOfXYZ(sides[0]) {
				last.also = append(last.also, r.equation(sides[0], sides[len(sides)-1])...)
				return last
			}
			v := r.solved("=", r.calc.add(first.sum, r.calc.negate(last.sum)))
			v.also = append(v.also, last)
			return v
		}
	case len(values) > 2:
		return words(t)
	}
	return r.solved("=", r.calc.add(first.sum, r.calc.negate(last.sum)))
}

// equation returns the equation of two sides, without solving it.
func (r *reader) equation(left, right []token) []value {
	a, ok1 := expression(r.question.dropUnits(trim(left), false), r.calc)
	b, ok2 := expression(r.question.dropUnits(trim(right), false), r.calc)
	if !ok1 || !ok2 {
		r.calc.failed = r.calc.work > maxWork
		return nil
	}
	return []value{r.related("=", r.calc.add(a, r.calc.negate(b)))}
}

func constantTail(values []value) bool {
	return !slices.ContainsFunc(values, func(v value) bool { return !v.sum.constant() })
}

// agrees reports whether two sides of a chain are equal, or one is a rounding of the other.
func agrees(c *calc, a, b value) bool {
	if c.same(a.sum, b.sum) {
		return true
	}
	if !a.sum.constant() || !b.sum.constant() || !a.decimal && !b.decimal {
		return false
	}
	x, _ := evaluateAt(a.sum, 0)
	y, _ := evaluateAt(b.sum, 0)
	unit := 1e-2 * max(real(x), -real(x))
	for _, v := range []value{a, b} {
		if v.ulp != nil {
			unit, _ = v.ulp.Float64()
		}
	}
	return isReal(x) && isReal(y) && real(x)-real(y) < unit && real(y)-real(x) < unit
}

// linearName reports whether t is a sum or product of distinct variables, as m+n.
func linearName(t []token) bool {
	t = trim(t)
	var seen []string
	for i, x := range t {
		switch {
		case x.kind == tokenLetters && !x.word && len(x.text) <= 4:
			for _, letter := range x.text {
				seen = append(seen, string(letter))
			}
		case x.is("+") && i > 0:
		default:
			return false
		}
	}
	return len(seen) > 1 && distinct(seen)
}

// sumOfXYZ reports whether t has the variables of an equation of a line or plane.
func sumOfXYZ(t []token) bool {
	return slices.ContainsFunc(t, func(x token) bool { return x.kind == tokenLetters && strings.ContainsAny(x.text, "xyz") })
}

// solved returns the relation of s and 0, solved for its variable if that is the only one, or for y, and s is linear.
func (r *reader) solved(op string, s sum) value {
	if len(s) == 0 || s.constant() || r.calc.failed {
		return value{kind: kindWords, text: "identity"}
	}
	variables := s.variables()
	name := ""
	if len(variables) == 1 {
		name = variables[0]
	} else if op == "=" && slices.Contains(variables, "y") && len(variables) == 2 {
		name = "y"
	}
	slope, rest, ok := s.linear(name)
	if name == "" || !ok {
		return r.related(op, s)
	}
	solution := r.calc.scale(rest, new(big.Rat).Neg(new(big.Rat).Inv(slope)))
	if op == "=" {
		v := value{kind: kindScalar, sum: solution}
		v.also = []value{r.related(op, s)}
		return v
	}
	if !solution.constant() {
		return r.related(op, s)
	}
	return r.ray(op, slope.Sign() < 0, solution)
}

// ray returns the solutions of x op bound, or of -x op -bound.
func (r *reader) ray(op string, negative bool, bound sum) value {
	inf := of(variable("∞"))
	low, high := value{kind: kindScalar, sum: r.calc.negate(inf)}, value{kind: kindScalar, sum: inf}
	b := value{kind: kindScalar, sum: bound}
	switch {
	case op == "≠":
		return value{kind: kindUnion, elems: []value{{kind: kindTuple, text: "()", elems: []value{low, b}}, {kind: kindTuple, text: "()", elems: []value{b, high}}}}
	case negative && op == "≤":
		return value{kind: kindTuple, text: "[)", elems: []value{b, high}}
	case negative:
		return value{kind: kindTuple, text: "()", elems: []value{b, high}}
	case op == "≤":
		return value{kind: kindTuple, text: "(]", elems: []value{low, b}}
	}
	return value{kind: kindTuple, text: "()", elems: []value{low, b}}
}

// related returns the relation of s and 0 with coprime integers as coefficients.
func (r *reader) related(op string, s sum) value {
	if len(s) == 0 {
		return value{kind: kindWords, text: "identity"}
	}
	content := s.content()
	if (op == "=" || op == "≠") && s[len(s)-1].coef.Sign() < 0 {
		content.Neg(content)
	}
	return value{kind: kindRelation, text: op, sum: r.calc.scale(s, new(big.Rat).Inv(content))}
}

// variables returns the names of the variables of s, sorted.
func (s sum) variables() []string {
	seen := map[string]bool{}
	s.collect(seen)
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (s sum) collect(seen map[string]bool) {
	for _, t := range s {
		for _, f := range t.factors {
			if f.atom.kind == atomVariable && f.atom.key != "∞" {
				seen[f.atom.key] = true
			}
			for _, a := range f.atom.args {
				a.collect(seen)
			}
		}
	}
}

// linear returns slope and rest of s = slope·name + rest, if the slope is a number and the rest has no such variable.
func (s sum) linear(name string) (slope *big.Rat, rest sum, ok bool) {
	for _, t := range s {
		if len(t.factors) == 1 && t.factors[0].atom.key == name && t.factors[0].exp == whole(1) {
			slope = t.coef
		} else {
			rest = append(rest, t)
		}
	}
	return slope, rest, slope != nil && !slices.Contains(rest.variables(), name)
}

// inequality reads a chain of inequalities: -2 ≤ x < 7.
func (r *reader) inequality(t []token, sides [][]token, ops []string) value {
	sums := make([]sum, len(sides))
	for i, s := range sides {
		v := r.side(s)
		if v.kind != kindScalar {
			return words(t)
		}
		sums[i] = v.sum
	}
	if slices.Contains(ops, "≈") || slices.Contains(ops, "∈") || slices.Contains(ops, "=") || slices.Contains(ops, "≡") {
		return words(t)
	}
	if ops[0] == ">" || ops[0] == "≥" { // a > b > c is c < b < a
		slices.Reverse(sums)
		slices.Reverse(ops)
		for i, op := range ops {
			ops[i] = map[string]string{">": "<", "≥": "≤", "≠": "≠"}[op]
		}
	}
	if slices.ContainsFunc(ops, func(op string) bool { return op != "<" && op != "≤" && (op != "≠" || len(ops) > 1) }) {
		return words(t)
	}
	parts := make([]value, 0, len(ops))
	for i, op := range ops {
		if sums[i].infinite() || sums[i+1].infinite() {
			if len(ops) == 1 {
				return words(t)
			}
			continue
		}
		parts = append(parts, r.solved(op, r.calc.add(sums[i], r.calc.negate(sums[i+1]))))
	}
	switch {
	case len(parts) == 1:
		return parts[0]
	case len(parts) == 2 && interval(parts[0]) && interval(parts[1]) && len(sums[1].variables()) == 1:
		if both, ok := intersect(parts[0], parts[1]); ok {
			return both
		}
	}
	return value{kind: kindList, elems: parts}
}

// infinite reports whether s contains ∞.
func (s sum) infinite() bool {
	return slices.ContainsFunc(s, func(t term) bool {
		return slices.ContainsFunc(t.factors, func(f factor) bool { return f.atom.key == "∞" })
	})
}

// interval reports whether v may be an interval.
func interval(v value) bool {
	return v.kind == kindTuple && len(v.elems) == 2 && v.elems[0].kind == kindScalar && v.elems[1].kind == kindScalar
}

// certainInterval reports whether v is an interval, not a point.
func certainInterval(v value) bool {
	return interval(v) && (v.text != "()" || v.elems[0].sum.infinite() || v.elems[1].sum.infinite())
}

// intersect returns the intersection of an interval without an upper bound and one without a lower bound, or the other
// way round.
func intersect(a, b value) (value, bool) {
	if a.elems[0].sum.infinite() {
		a, b = b, a
	}
	if !a.elems[1].sum.infinite() || !b.elems[0].sum.infinite() || a.elems[0].sum.infinite() || b.elems[1].sum.infinite() {
		return value{}, false
	}
	return value{kind: kindTuple, text: a.text[:1] + b.text[1:], elems: []value{a.elems[0], b.elems[1]}}, true
}

// quantities are commands that begin the name of a quantity.
var quantities = setOf("det dim deg Pr operatorname Var mathbb ker rank arg max min gcd lcm")

// isName reports whether t names a value: a variable, a function of variables, a quantity in words, or an object of
// geometry.
func isName(t []token) bool {
	t = trim(t)
	if len(t) == 0 {
		return false
	}
	for _, x := range t {
		if x.kind == tokenCommand && !decorations[x.text] && !greek[x.text] && x.text != "perp" && x.text != "cap" && !quantities[x.text] {
			return false
		}
	}
	switch first := t[0]; {
	case first.kind == tokenLetters && (first.word && (len(first.text) > 1 || len(t) == 1) || phraseWord(first.text)):
		return !slices.ContainsFunc(t, func(x token) bool { return x.kind == tokenNumber || x.is("+") || x.is("*") || x.is("/") })
	case first.kind == tokenLetters && len(first.text) == 1 && len(t) > 1 && t[1].kind == tokenCommand && decorations[t[1].text]: // m\angle
		return true
	case first.kind == tokenCommand && quantities[first.text]:
		return len(t) > 1 && t[1].is("(") && closes(t[1:])
	case first.kind == tokenCommand:
		return len(t) == 1 || t[1].kind == tokenLetters || t[1].is("{") || t[1].is("_")
	case first.is("(") && closes(t): // (x,y)
		return !slices.ContainsFunc(t[1:len(t)-1], func(x token) bool { return !x.is(",") && (x.kind != tokenLetters || len(x.text) > 1) })
	case (first.is("|") || first.is("[")) && len(t) == 3 && t[1].kind == tokenLetters: // |AB|, [ABC]
		return len(t[1].text) > 1
	case first.kind == tokenLetters && (len(first.text) == 1 || strings.ToUpper(first.text) == first.text && len(first.text) <= 4):
		rest := t[1:]
		for len(rest) > 0 && (rest[0].is("'") || rest[0].is("*")) {
			rest = rest[1:]
		}
		if len(rest) > 1 && rest[0].is("^") { // f^{-1}(x), f^{\prime}
			n := slices.IndexFunc(rest, func(x token) bool { return x.is("}") })
			if n < 0 || n+1 >= len(rest) {
				return false
			}
			rest = rest[n+1:]
		}
		if len(rest) > 1 && rest[0].is("_") {
			if rest[1].is("{") {
				n := slices.IndexFunc(rest, func(x token) bool { return x.is("}") })
				if n < 0 {
					return false
				}
				rest = rest[n+1:]
			} else {
				rest = rest[2:]
			}
		}
		for len(rest) > 0 && rest[0].is("'") {
			rest = rest[1:]
		}
		if len(rest) == 2 && rest[0].is(":") && rest[1].kind == tokenLetters { // AB:BC
			return true
		}
		return len(rest) == 0 || (rest[0].is("(") || rest[0].is("[")) && closes(rest) && len(first.text) == 1
	}
	return false
}

// nameOf returns the name before the value of an assignment to one variable, or "".
func nameOf(t []token) string {
	t = trim(t)
	n := slices.IndexFunc(t, func(x token) bool { return x.is("=") })
	if n < 1 || n == len(t)-1 || strings.Count(text(t), "=") != 1 || !isName(t[:n]) {
		return ""
	}
	return text(t[:n])
}

func text(t []token) string {
	var b strings.Builder
	for _, x := range t {
		b.WriteString(x.text)
	}
	return b.String()
}

// mentionsName reports whether sides contain the variable of name, so that name is not defined by them.
func mentionsName(sides [][]token, name []token) bool {
	name = trim(name)
	if len(name) != 1 {
		return false
	}
	for _, s := range sides {
		for _, x := range s {
			if x.kind == name[0].kind && (x.text == name[0].text || x.kind == tokenLetters && !x.word && len(x.text) < maxRun && len(name[0].text) == 1 &&
				strings.Contains(x.text, name[0].text) && !units[x.text] && !known(x.text)) {
				return true
			}
		}
	}
	return false
}
