package answer

import (
	"math/big"
	"slices"
	"strings"
)

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
