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

// trim drops punctuation around t, words that do not change the answer, and outer braces.
func trim(t []token) []token {
	for {
		n := len(t)
		for len(t) > 0 && t[0].kind == tokenSymbol && strings.Contains(".;:!?,=≈~_", t[0].text) {
			t = t[1:]
		}
		for len(t) > 0 && t[len(t)-1].kind == tokenSymbol && strings.Contains(".;:?,=…_~", t[len(t)-1].text) {
			t = t[:len(t)-1]
		}
		if len(t) > 1 && t[0].kind == tokenLetters && approximately[strings.ToLower(t[0].text)] {
			t = t[1:]
		}
		if last := len(t) - 1; last > 0 && t[0].is("{") && t[last].is("}") && closes(t) {
			t = t[1:last]
		}
		if len(t) == n {
			return t
		}
	}
}

// closes reports whether the bracket at the start of t is closed by the last token.
func closes(t []token) bool {
	depth := 0
	for i, x := range t {
		depth += x.nesting()
		if depth == 0 {
			return i == len(t)-1
		}
	}
	return false
}

// nesting returns 1 for an opening bracket, -1 for a closing one. Brackets of different kinds may close each other, as
// in [0,1).
func (t token) nesting() int {
	switch {
	case t.kind == tokenCommand && strings.HasPrefix(t.text, "begin "):
		return 1
	case t.kind == tokenCommand && strings.HasPrefix(t.text, "end "):
		return -1
	case t.kind != tokenSymbol:
		return 0
	}
	switch t.text {
	case "(", "[", "{", `\{`, "⌊", "⌈":
		return 1
	case ")", "]", "}", `\}`, "⌋", "⌉":
		return -1
	}
	return 0
}

// split divides t at the tokens outside of brackets that separate.
func split(t []token, separates func(token) bool) (out [][]token) {
	depth, start := 0, 0
	for i, x := range t {
		depth += x.nesting()
		if depth <= 0 && separates(x) {
			out = append(out, t[start:i])
			start = i + 1
		}
	}
	return append(out, t[start:])
}

var andWords = setOf("and or et ou und oder y o e și i og och ja en of and/or 와 과 및 또는 혹은 이거나 그리고 和 或 及 與 与 或者 と または および もしくは")

// separate divides an answer into its elements. and reports whether a word says that all hold.
func separate(t []token) (elems [][]token, and bool) {
	isAnd := func(i int) bool {
		x := t[i]
		if x.kind != tokenLetters || !andWords[x.text] || i == 0 || i == len(t)-1 {
			return false
		}
		if len(x.text) <= 1 || x.text == "en" || x.text == "of" || x.text == "ja" || x.text == "og" || x.text == "ou" { // also variables or other words
			return x.space && t[i+1].space && t[i-1].kind == tokenNumber && t[i+1].kind == tokenNumber
		}
		return x.word || x.space || x.text[0] >= 0x80
	}
	depth, start := 0, 0
	for i, x := range t {
		depth += x.nesting()
		if depth > 0 || depth < 0 {
			continue
		}
		if word := isAnd(i); word || x.is(",") || x.is(";") {
			elems = append(elems, t[start:i])
			start = i + 1
			and = and || word && (x.text == "and" || x.text == "et" || x.text == "und")
		}
	}
	return append(elems, t[start:]), and
}

// bothSigns returns t once for each sign of ± outside of a set.
func bothSigns(t []token) [][]token {
	if !slices.ContainsFunc(t, func(x token) bool { return x.is("±") || x.is("∓") }) || t[0].is(`\{`) {
		return [][]token{t}
	}
	replace := func(plus, minus string) []token {
		out := slices.Clone(t)
		for i := range out {
			switch {
			case out[i].is("±"):
				out[i].text = plus
			case out[i].is("∓"):
				out[i].text = minus
			}
		}
		return out
	}
	return [][]token{replace("+", "-"), replace("-", "+")}
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

// bracketed reads sets, tuples, intervals and matrices.
func (r *reader) bracketed(t []token) (value, bool) {
	last := len(t) - 1
	if last < 1 {
		return value{}, false
	}
	if (t[0].is("(") || t[0].is("[") || t[0].is("|")) && t[1].kind == tokenCommand && strings.HasPrefix(t[1].text, "begin ") && closes(t[1:last]) {
		v, ok := r.matrix(t[1:last])
		if t[0].is("|") {
			v.text = "|" + v.text + "|"
		}
		return v, ok
	}
	if t[0].kind == tokenCommand && strings.HasPrefix(t[0].text, "begin ") && closes(t) {
		return r.matrix(t)
	}
	if t[0].is(`\{`) && t[1].kind == tokenCommand && strings.HasPrefix(t[1].text, "begin ") && closes(t[1:]) { // cases
		return r.cases(t[1:])
	}
	if !closes(t) {
		return value{}, false
	}
	inside := t[1:last]
	switch open, end := t[0].text, t[last].text; {
	case open == `\{` && end == `\}`:
		return r.set(inside), true
	case (open == "(" || open == "[") && (end == ")" || end == "]"):
		elems := split(inside, func(x token) bool { return x.is(",") || x.is(";") })
		if len(elems) < 2 {
			return value{}, false
		}
		v := value{kind: kindTuple, text: open + end}
		for _, e := range elems {
			x := r.element(e)
			if x.kind == kindNone {
				return value{}, false
			}
			v.elems = append(v.elems, x)
		}
		return v, true
	}
	return value{}, false
}

// set reads what stands between the braces of a set.
func (r *reader) set(t []token) value {
	bar := slices.IndexFunc(t, func(x token) bool { return x.is("|") || x.is(":") })
	if bar > 0 && isRelation(t[bar+1:]) {
		name := split(t[:bar], func(x token) bool { return x.is("∈") })[0]
		if isName(name) {
			return r.answer(t[bar+1:])
		}
	}
	if len(trim(t)) == 0 {
		return value{kind: kindList}
	}
	v := value{kind: kindList}
	for _, e := range split(t, func(x token) bool { return x.is(",") || x.is(";") }) {
		if e = trim(e); len(e) == 0 {
			continue
		}
		for _, sign := range bothSigns(e) {
			v.elems = append(v.elems, r.element(sign))
		}
	}
	if len(v.elems) == 1 {
		v.kind = kindSingle
	}
	return v
}

// matrix reads an environment of rows and columns. A column of several rows is a vector.
func (r *reader) matrix(t []token) (value, bool) {
	env := strings.TrimPrefix(t[0].text, "begin ")
	if env == "cases" || env == "aligned" || env == "align" || env == "align*" || env == "gathered" {
		return r.cases(t)
	}
	if !strings.Contains(env, "matrix") && env != "array" {
		return value{}, false
	}
	rows := split(t[1:len(t)-1], func(x token) bool { return x.is(`\\`) })
	if len(rows) > 1 && len(rows[len(rows)-1]) == 0 {
		rows = rows[:len(rows)-1]
	}
	v := value{kind: kindMatrix}
	columns := 0
	for _, row := range rows {
		cells := split(row, func(x token) bool { return x.is("&") })
		if columns == 0 {
			columns = len(cells)
		}
		if len(cells) != columns {
			return value{}, false
		}
		for _, cell := range cells {
			v.elems = append(v.elems, r.element(cell))
		}
	}
	if columns == 1 && len(rows) > 1 && env != "vmatrix" {
		v.kind, v.text = kindTuple, "()"
		return v, true
	}
	v.text = itoa(len(rows)) + "×" + itoa(columns)
	if env == "vmatrix" || env == "Vmatrix" { // a determinant
		v.text = "|" + v.text + "|"
	}
	return v, true
}

// cases reads the rows of an environment as several answers.
func (r *reader) cases(t []token) (value, bool) {
	var rows []token
	for _, x := range t[1 : len(t)-1] {
		switch {
		case x.is("&"):
		case x.is(`\\`):
			rows = append(rows, symbol(","))
		default:
			rows = append(rows, x)
		}
	}
	v := r.answer(rows)
	return v, v.kind != kindNone
}

// ratio reads numbers that are separated by colons.
func (r *reader) ratio(sides [][]token) (value, bool) {
	v := value{kind: kindRatio}
	for _, s := range sides {
		e, ok := expression(r.question.dropUnits(trim(s), false), r.calc)
		if !ok {
			return value{}, false
		}
		v.elems = append(v.elems, value{kind: kindScalar, sum: e})
	}
	time := len(sides) == 2 && len(sides[1]) == 1 && len(sides[1][0].text) == 2 && sides[1][0].num != nil && sides[1][0].num.Cmp(big.NewRat(60, 1)) < 0
	if first := v.elems[0].sum; len(first) > 0 && !time {
		for i := range v.elems {
			v.elems[i].sum = r.calc.ratio(v.elems[i].sum, first)
		}
	}
	return v, !r.calc.failed
}

// isWords reports whether t is a phrase: it consists of letters and punctuation, and is no product of variables.
func isWords(t []token) bool {
	runs := 0
	for _, x := range t {
		switch {
		case x.kind == tokenLetters:
			if x.word || phraseWord(x.text) {
				runs++
			} else if len(x.text) > 1 || len(t) > 3 {
				continue
			}
		case x.kind == tokenSymbol && strings.Contains("-'.,;:&/#_", x.text):
		default:
			return false
		}
	}
	if len(t) == 1 && t[0].word && len(t[0].text) == 1 { // \text{C}, a letter
		return false
	}
	return runs > 0
}

var shortWords = setOf("not the for but see its was are has had any our can now get who why how yes no odd even all one two ten red bob ann tom sam tim joe ben amy dan jim ian eve lee kim may up on off in out by is it he she north win tie low mid top")

// phraseWord reports whether a run of letters is a word, not a product of variables.
func phraseWord(s string) bool {
	if s[0] >= 0x80 || len(s) >= maxRun {
		return splitRun(s) == nil || len(s) > 7
	}
	if len(s) == 4 && strings.ContainsAny(s, "aeiouAEIOU") && splitRun(s) != nil && !known(s) && !strings.Contains(s, "pi") {
		return strings.ToUpper(s) != s
	}
	capital := len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && strings.ToLower(s[1:]) == s[1:]
	return shortWords[strings.ToLower(s)] && strings.ToUpper(s) != s || capital && len(s) > 2
}

// words returns the value of an answer that is no mathematics: its text, in lower case if it has words only.
func words(t []token) value {
	var b strings.Builder
	lower := true
	for i, x := range t {
		if i > 0 && x.space {
			b.WriteByte(' ')
		}
		switch {
		case x.kind == tokenCommand:
			lower = false
			b.WriteString(`\` + x.text + " ")
		case x.kind == tokenNumber && x.text == "":
			b.WriteString(x.num.RatString())
		default:
			b.WriteString(x.text)
		}
		if x.kind == tokenSymbol && !strings.Contains("-'.,;:&/#_()…!?", x.text) {
			lower = false
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if lower {
		text = strings.ToLower(text)
		for _, article := range []string{"the ", "a ", "an "} {
			text = strings.TrimPrefix(text, article)
		}
	}
	if text = strings.Trim(text, " .,;:!?'"); text == "" {
		return value{}
	}
	return value{kind: kindWords, text: text}
}
