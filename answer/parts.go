package answer

import (
	"regexp"
	"strings"
)

// A kind tells composites apart: tuples and intervals by their brackets, lists, unions and
// matrices by their separator.
type kind string

const (
	scalar kind = ""
	list   kind = ";" // 1, -2 and the set \{1, -2\}
	union  kind = "∪"
	matrix kind = "&"
)

// ordered reports whether the order of elements matters.
func (k kind) ordered() bool { return k != list && k != union }

// A composite is an answer divided into its elements. Elements may be composites.
type composite struct {
	kind  kind
	elems []string
	rows  int // of a matrix
}

var matrixEnv = regexp.MustCompile(`^\\begin\{[pbv]?matrix\}(.*)\\end\{[pbv]?matrix\}$`)

// parts divides an answer in normal form into its elements.
func parts(s string) composite {
	if inside, ok := strings.CutPrefix(s, `\{`); ok {
		if inside, ok := strings.CutSuffix(inside, `\}`); ok && balanced(inside) {
			return composite{list, bothSigns(split(inside, ";")), 0}
		}
	}
	if m := matrixEnv.FindStringSubmatch(s); m != nil {
		rows := strings.Split(strings.TrimSuffix(m[1], `\\`), `\\`)
		var cells []string
		for _, row := range rows {
			cells = append(cells, strings.Split(row, "&")...)
		}
		return composite{matrix, cells, len(rows)}
	}
	if elems := split(s, ";"); len(elems) > 1 {
		return composite{list, bothSigns(elems), 0}
	}
	if elems := split(s, "∪"); len(elems) > 1 {
		return composite{union, elems, 0}
	}
	if n := len(s); bracketed(s) && balanced(s[1:n-1]) {
		if elems := split(s[1:n-1], ";"); len(elems) > 1 {
			return composite{kind(s[:1] + s[n-1:]), elems, 0}
		}
	}
	if elems := bothSigns([]string{s}); len(elems) > 1 {
		return composite{list, elems, 0}
	}
	return composite{scalar, []string{s}, 0}
}

// bracketed reports whether s begins and ends with the bracket of a tuple or interval.
func bracketed(s string) bool {
	n := len(s)
	return n > 2 && strings.IndexByte("([", s[0]) >= 0 && strings.IndexByte(")]", s[n-1]) >= 0
}

// bothSigns replaces each element with ± by two, one per sign.
func bothSigns(elems []string) []string {
	var out []string
	for _, e := range elems {
		if strings.Contains(e, "±") {
			out = append(out, strings.ReplaceAll(e, "±", "+"), strings.ReplaceAll(e, "±", "-"))
		} else {
			out = append(out, e)
		}
	}
	return out
}

// split divides s at the separators outside of brackets.
func split(s, sep string) []string {
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		depth += nesting(s[i])
		if depth == 0 && strings.HasPrefix(s[i:], sep) {
			out = append(out, s[start:i])
			start = i + len(sep)
		}
	}
	return append(out, s[start:])
}

// balanced reports whether the brackets in s are balanced, regardless of their kind:
// [0,1) is balanced.
func balanced(s string) bool {
	depth := 0
	for i := 0; i < len(s); i++ {
		if depth += nesting(s[i]); depth < 0 {
			return false
		}
	}
	return depth == 0
}

// nesting returns 1 for an opening bracket, -1 for a closing one.
func nesting(c byte) int {
	switch c {
	case '(', '[', '{':
		return 1
	case ')', ']', '}':
		return -1
	}
	return 0
}
