package answer

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"
)

// Key returns the canonical form of an answer. Equality of keys is the equivalence of answers by which votes are
// counted, and q.Key(q.Key(a)) == q.Key(a). An answer whose key is empty is none.
//
// The key of an expression is its normal form: numbers are exact, sums and products have one order, products are
// expanded, roots of numbers are roots of primes. Equations and inequalities are solved where they are linear in their
// only variable or in y. Lists, sets and unions have no order. The key drops notation that does not change the answer:
// spacing, sizes, signs of degrees, percent and currencies, units, a leading "x =". A percent sign is dropped without
// a division by 100. Words lose their case, variables keep it. The option of a multiple-choice problem has the key of
// its letter.
func (q *Question) Key(answer string) string {
	if len(answer) > MaxLen {
		return answer
	}
	switch q.kind {
	case KindCode:
		return codeKey(answer)
	case KindText:
		return textKey(answer)
	}
	return q.keyOf(q.read(answer, reading{}))
}

// keyOf returns the key of a value.
func (q *Question) keyOf(v value) string {
	key := q.format(v)
	if letter := q.keys[key]; letter != "" {
		return letter
	}
	return key
}

// format returns the text of a value, if it is read as the same value, and else a digest of it: texts that are no
// mathematics may contain anything.
func (q *Question) format(v value) string {
	key := v.format(false)
	if strings.Trim(key, "-/0123456789") == "" || len(key) <= MaxLen && q.read(key, reading{}).format(false) == key {
		return key
	}
	digest := sha256.Sum256([]byte(key))
	letters := make([]byte, len(digest))
	for i, d := range digest {
		letters[i] = 'a' + d%26
	}
	return string(letters)
}

// format returns the text of a value, which the reader reads as the same value.
func (v value) format(nested bool) string {
	switch v.kind {
	case kindScalar:
		return strings.TrimSpace(v.sum.String())
	case kindWords:
		return wordsKey(v.text)
	case kindRelation:
		if v.text == "=" {
			return "0=" + v.sum.String()
		}
		return v.sum.String() + v.text + "0"
	case kindSingle:
		return `\{` + v.elems[0].format(true) + `\}`
	case kindTuple:
		return v.text[:1] + v.join(";") + v.text[1:]
	case kindRatio:
		return v.join(":")
	case kindUnion:
		return v.join("∪")
	case kindMatrix:
		env := "matrix"
		size := v.text
		if strings.HasPrefix(size, "|") {
			env = "vmatrix"
			size = strings.Trim(size, "|")
		}
		_, columns, _ := strings.Cut(size, "×")
		var b strings.Builder
		for i, e := range v.elems {
			switch {
			case i == 0:
			case itoa(i%atoi(columns)) == "0":
				b.WriteString(`\\`)
			default:
				b.WriteByte('&')
			}
			b.WriteString(e.format(true))
		}
		return `\begin{` + env + `}` + b.String() + `\end{` + env + `}`
	case kindList:
		switch {
		case len(v.elems) == 0:
			return "∅"
		case nested:
			return `\{` + v.join(";") + `\}`
		}
		return v.join(";")
	}
	return ""
}

// wordsKey returns words so that they are read as words.
func wordsKey(s string) string {
	if again := unknown.read(s, reading{}); again.kind == kindWords && again.text == s {
		return s
	}
	return `\text{` + s + `}`
}

func atoi(s string) (n int) {
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return max(n, 1)
}

// join returns the texts of the elements, sorted if they have no order.
func (v value) join(separator string) string {
	out := make([]string, len(v.elems))
	for i, e := range v.elems {
		out[i] = e.format(true)
	}
	if v.kind == kindList || v.kind == kindUnion {
		slices.Sort(out)
	}
	return strings.Join(out, separator)
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// textKey returns the words of a text in lower case.
func textKey(s string) string {
	s = strings.ToLower(clean(s))
	s = regexpText.ReplaceAllString(s, " $1 ")
	fields := strings.Fields(notWord.ReplaceAllString(s, " "))
	if len(fields) > 1 && (fields[0] == "the" || fields[0] == "a" || fields[0] == "an") {
		fields = fields[1:]
	}
	return strings.Join(fields, " ")
}

var regexpText = regexp.MustCompile(`\\(?:text|textbf|mathrm|mbox|texttt|boxed|emph)\s*\{([^{}]*)\}`)

// codeKey returns a program or its output without blank lines and white space at the ends of lines.
func codeKey(s string) string {
	s = regexpTexttt.ReplaceAllString(strings.TrimSpace(s), "$1")
	var lines []string
	for l := range strings.Lines(s) {
		if l = strings.TrimRight(l, " \t\r\n"); l != "" {
			lines = append(lines, l)
		}
	}
	out := strings.Join(lines, "\n")
	if len(lines) == 1 {
		out = strings.Trim(strings.TrimSpace(out), "`")
	}
	return out
}

var regexpTexttt = regexp.MustCompile(`^\\texttt\{([^{}]*)\}$`)
