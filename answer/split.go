package answer

import (
	"slices"
	"strings"
)

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
