package answer

import (
	"math/big"
	"slices"
	"strings"
)

// A value is the normal form of an answer. Answers with equal normal forms are equal.
type value struct {
	kind    valueKind
	sum     sum      // of a scalar, an equation or an inequality
	ulp     *big.Rat // of a scalar that is one decimal: a unit of its last digit; otherwise nil
	decimal bool     // the scalar contains a decimal
	text    string   // words; the brackets of a tuple; the size of a matrix; the relation: = < ≤ ≠
	elems   []value  // of a composite
	names   []string // of the elements of a tuple that is given by equations
	also    []value  // other readings of the same answer that Correct accepts
	letter  bool     // the letter of an option
}

type valueKind int

const (
	kindNone   valueKind = iota // no answer
	kindScalar                  // an expression
	kindWords
	kindList   // several answers, or a set: unordered
	kindSingle // a set of one element
	kindTuple  // ordered, with brackets: a point, a vector, or an interval
	kindUnion  // of intervals: unordered
	kindMatrix
	kindRelation // an equation or inequality
	kindRatio
)

// A reading says how an ambiguous answer is read.
type reading struct {
	comma    bool // a comma may be the decimal point
	allUnits bool // letters after a number may be units
}

// A reader reads answers to a question.
type reader struct {
	question *Question
	reading
	calc *calc
	left int // values that may still be read
}

// maxValues is the maximum number of values in an answer.
const maxValues = 600

// read returns the value of an answer.
func (q *Question) read(s string, r reading) value {
	if q.reads != nil {
		if *q.reads--; *q.reads < 0 {
			return value{}
		}
	}
	v, _ := q.readWithin(s, r)
	return v
}

// readWithin returns the value of an answer, and the work that its normal forms took.
func (q *Question) readWithin(s string, r reading) (value, int) {
	c := clean(s)
	if q.comma || strings.Contains(s, ",") && (decimalCommaUnit.MatchString(c) || europeanPrice.MatchString(s)) {
		r.comma = true
	}
	rd := &reader{question: q, reading: r, calc: &calc{}, left: maxValues}
	t := tokens(c, r.comma)
	t = slices.DeleteFunc(t, func(x token) bool { return x.is("%") })
	v := rd.answer(t)
	if rd.calc.failed || rd.left < 0 {
		v = words(t)
	}
	return v, rd.calc.work
}

// answer reads a whole answer: one element, or several.
func (r *reader) answer(t []token) value {
	t = trim(t)
	if len(t) == 0 {
		return value{}
	}
	if v, ok := r.meaning(t); ok {
		return v
	}
	elems, and := separate(t)
	if len(elems) == 1 {
		return r.element(elems[0])
	}
	if letter, ok := r.choiceWithReason(elems); ok {
		return letter
	}
	out := make([]value, 0, len(elems))
	var named []string
	for _, e := range elems {
		e = trim(e)
		if len(e) == 0 {
			continue
		}
		for _, sign := range bothSigns(e) {
			v := r.element(sign)
			if v.kind == kindNone {
				return words(t)
			}
			if name := nameOf(sign); name != "" {
				named = append(named, name)
			}
			out = append(out, v)
		}
	}
	switch {
	case len(out) == 0:
		return value{}
	case and && len(out) == 2 && interval(out[0]) && interval(out[1]) && isRelation(elems[0]) && isRelation(elems[1]):
		if both, ok := intersect(out[0], out[1]); ok {
			return both
		}
	}
	return r.several(out, named)
}

// several returns the value of several answers: a tuple, if each has another name; a union of intervals; or a list.
func (r *reader) several(elems []value, named []string) value {
	switch {
	case len(elems) == 1:
		return elems[0]
	case len(named) == len(elems) && distinct(named):
		order := make([]int, len(elems))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(named[a], named[b]) })
		sorted := value{kind: kindTuple, text: "()"}
		for _, i := range order {
			sorted.elems = append(sorted.elems, elems[i])
			sorted.names = append(sorted.names, named[i])
		}
		sorted.also = []value{{kind: kindTuple, text: "()", elems: elems, names: named}}
		return sorted
	case slices.ContainsFunc(elems, certainInterval) && !slices.ContainsFunc(elems, func(v value) bool { return !interval(v) }):
		return value{kind: kindUnion, elems: elems}
	}
	return value{kind: kindList, elems: elems}
}

func distinct(names []string) bool {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted)) == len(names)
}

// meaning returns the value of an answer in words that has another notation.
func (r *reader) meaning(t []token) (value, bool) {
	text := make([]string, 0, len(t))
	for _, x := range t {
		if x.kind != tokenLetters && !x.is("ℝ") && !x.is("∅") {
			return value{}, false
		}
		text = append(text, strings.ToLower(x.text))
	}
	m := meanings[strings.Join(text, " ")]
	if m == "" && len(t) == 1 && (t[0].is("ℝ") || t[0].is("∅")) {
		m = t[0].text
	}
	switch m {
	case "∅":
		return value{kind: kindList}, true
	case "∞":
		return value{kind: kindScalar, sum: of(variable("∞"))}, true
	case "-∞":
		return value{kind: kindScalar, sum: r.calc.negate(of(variable("∞")))}, true
	case "ℝ":
		return r.reals(), true
	}
	return value{}, false
}

func (r *reader) reals() value {
	inf := value{kind: kindScalar, sum: of(variable("∞"))}
	return value{kind: kindTuple, text: "()", elems: []value{{kind: kindScalar, sum: r.calc.negate(inf.sum)}, inf}}
}

// element reads an answer without separators outside of brackets.
func (r *reader) element(t []token) value {
	if r.left--; r.left < 0 {
		return value{}
	}
	t = trim(t)
	if len(t) == 0 {
		return value{}
	}
	if signs := bothSigns(t); len(signs) > 1 {
		return value{kind: kindList, elems: []value{r.element(signs[0]), r.element(signs[1])}}
	}
	if v, ok := r.letterOfChoice(t); ok {
		return v
	}
	if isRelation(t) {
		return r.relation(t)
	}
	return r.side(t)
}

// side reads what stands on one side of a relation.
func (r *reader) side(t []token) value {
	t = trim(t)
	if len(t) == 0 {
		return value{}
	}
	if v, ok := r.meaning(t); ok {
		return v
	}
	if unions := split(t, func(x token) bool { return x.is("∪") || x.kind == tokenLetters && x.text == "U" && len(t) > 6 }); len(unions) > 1 {
		v := value{kind: kindUnion}
		for _, u := range unions {
			v.elems = append(v.elems, r.side(u))
		}
		return v
	}
	if v, ok := r.bracketed(t); ok {
		return v
	}
	if sides := split(t, func(x token) bool { return x.is(":") }); len(sides) > 1 {
		if v, ok := r.ratio(sides); ok {
			return v
		}
	}
	t = trim(r.question.dropUnits(t, r.allUnits))
	t = trim(r.question.dropUnits(computeWords(t), r.allUnits))
	if len(t) == 0 {
		return value{}
	}
	if isWords(t) {
		return words(t)
	}
	if last := len(t) - 1; last > 1 && t[0].nesting() == 1 && t[last].nesting() == -1 && closes(t) && t[0].text != "{" {
		if v, ok := r.bracketed(t); ok {
			return v
		}
	}
	v, ok := expression(t, r.calc)
	if !ok {
		r.calc.failed = r.calc.work > maxWork
		return words(t)
	}
	out := value{kind: kindScalar, sum: v, ulp: decimalDigits(t)}
	out.decimal = slices.ContainsFunc(t, func(x token) bool { return x.ulp != nil })
	return out
}

// decimalDigits returns the unit of the last digit of t, if t is one decimal with an optional sign and power of ten.
func decimalDigits(t []token) *big.Rat {
	for len(t) > 0 && (t[0].is("-") || t[0].is("+")) {
		t = t[1:]
	}
	if len(t) == 0 || t[0].ulp == nil {
		return nil
	}
	if len(t) == 1 {
		return t[0].ulp
	}
	if len(t) < 5 || !t[1].is("*") || t[2].kind != tokenNumber || t[2].text != "10" || !t[3].is("^") {
		return nil
	}
	scale, ok := expression(t[2:], &calc{})
	if r, isNumber := scale.rational(); ok && isNumber {
		return new(big.Rat).Mul(t[0].ulp, r)
	}
	return nil
}
