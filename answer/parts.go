package answer

import (
	"regexp"
	"strings"
)

// A kind says how the parts of an answer belong together: by its brackets, or
// for unordered ones by what separates them.
type kind string

const (
	scalar kind = ""
	list   kind = ";" // 1, -2 and the set \{1, -2\}
	union  kind = "∪"
	matrix kind = "&"
)

func (k kind) ordered() bool { return k != list && k != union }

// A composite is an answer's outermost layer.
type composite struct {
	kind  kind
	elems []string
	rows  int // of a matrix
}

var matrixEnv = regexp.MustCompile(`^\\begin\{[pbv]?matrix\}(.*)\\end\{[pbv]?matrix\}$`)

// parts takes the outermost layer off an answer in normal form.
func parts(s string) composite {
	if inside, ok := strings.CutPrefix(s, `\{`); ok {
		if inside, ok := strings.CutSuffix(inside, `\}`); ok && balanced(inside) {
			return composite{list, both(split(inside, ";")), 0}
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
		return composite{list, both(elems), 0}
	}
	if elems := split(s, "∪"); len(elems) > 1 {
		return composite{union, elems, 0}
	}
	if n := len(s); n > 2 && strings.IndexByte("([", s[0]) >= 0 && strings.IndexByte(")]", s[n-1]) >= 0 && balanced(s[1:n-1]) {
		if elems := split(s[1:n-1], ";"); len(elems) > 1 {
			return composite{kind(s[:1] + s[n-1:]), elems, 0}
		}
	}
	if elems := both([]string{s}); len(elems) > 1 {
		return composite{list, elems, 0}
	}
	return composite{scalar, []string{s}, 0}
}

// both writes an element with ± as two, one for each sign.
func both(elems []string) []string {
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

// split cuts s at the separators that are in no brackets.
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

// balanced reports whether every bracket in s closes in s, of whatever kind:
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

func nesting(c byte) int {
	switch c {
	case '(', '[', '{':
		return 1
	case ')', ']', '}':
		return -1
	}
	return 0
}
