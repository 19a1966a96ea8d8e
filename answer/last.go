package answer

import (
	"regexp"
	"strings"
)

var number = regexp.MustCompile(`[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]*\.?[0-9]+(?:/[0-9]+)?`)

// lastValue finds the last formula or number of a text. A number inside of a formula is no answer: the formula is, or
// the right side of its last equation.
func lastValue(q *Question, text string) (string, bool) {
	text = tail(text, 4000)
	spans := formulaSpans(text)
	for end := len(text); ; {
		at := strings.LastIndexAny(text[:end], "0123456789") + 1
		for len(spans) > 0 && spans[len(spans)-1].start >= end {
			spans = spans[:len(spans)-1]
		}
		if n := len(spans); n > 0 && at <= spans[n-1].end {
			s := spans[n-1]
			spans = spans[:n-1]
			inside, _ := formulaAt(text[s.start:s.end])
			if found := lastLineOfFormula(q, inside); found != "" && (at > s.start || !trivial(found) || at == 0) {
				return found, true
			}
			if at <= s.start { // a variable; a number stands before it
				continue
			}
			end = s.start
			continue
		}
		if at == 0 {
			return "", false
		}
		if found, start := q.plainValue(text, at); found != "" {
			return found, true
		} else {
			end = start
		}
	}
}

// trivial reports whether a formula is a variable only.
func trivial(s string) bool { return len(strings.TrimSpace(s)) <= 1 }

// formulaSpans returns the formulas of text that stand between signs of mathematics.
func formulaSpans(text string) (out []span) {
	for i := 0; i < len(text); i++ {
		if text[i] != '$' && text[i] != '\\' {
			continue
		}
		if text[i] == '\\' && i+1 < len(text) && text[i+1] != '(' && text[i+1] != '[' {
			i++
			continue
		}
		inside, outside := formulaAt(text[i:min(len(text), i+4*MaxLen)])
		if inside == "" || text[i] == '$' && (len(outside) < 2 || prose(inside)) {
			continue
		}
		out = append(out, span{i, i + len(outside)})
		i += len(outside) - 1
	}
	return out
}

var proseWords = regexp.MustCompile(`[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}`)

// prose reports whether the text between two signs is a sentence, so that the signs are those of a currency.
func prose(s string) bool {
	return proseWords.MatchString(regexpText.ReplaceAllString(s, "")) || strings.Contains(s, "\n\n")
}

// lastLineOfFormula returns the right side of the last equation of a formula.
func lastLineOfFormula(q *Question, inside string) string {
	inside = strings.TrimRight(strings.TrimSpace(inside), ".,;")
	if strings.Contains(inside, `\begin{align`) || !strings.Contains(inside, `\begin`) && strings.Contains(inside, `\\`) {
		inside = environment.ReplaceAllString(inside, "")
		lines := strings.Split(strings.TrimRight(inside, " \n\\"), `\\`)
		inside = strings.ReplaceAll(lines[len(lines)-1], "&", "")
	}
	inside = strings.TrimRight(strings.TrimSpace(inside), ".,;")
	if inside == "" || len(inside) > MaxLen {
		return ""
	}
	if b, ok := boxed(q, inside); ok {
		return b
	}
	v := q.read(inside, reading{})
	if v.mathematical() {
		if at := strings.LastIndexByte(inside, '='); at > 0 && v.kind == kindScalar && v.sum.constant() { // 2+3=5
			right := q.read(inside[at+1:], reading{})
			if right.kind == kindScalar && right.sum.equal(v.sum) {
				return strings.TrimSpace(inside[at+1:])
			}
		}
		return inside
	}
	if at := strings.LastIndexByte(inside, '='); at >= 0 && balanced(inside[at+1:]) {
		if right := strings.TrimSpace(inside[at+1:]); right != "" && q.read(right, reading{}).mathematical() {
			return right
		}
	}
	if v.kind == kindNone || !strings.Contains(inside, `\text`) {
		return ""
	}
	return inside
}

var environment = regexp.MustCompile(`\\(?:begin|end)\{(?:align\*?|aligned|gather\*?|gathered|equation\*?|split)\}`)

// plainValue returns the formula or number outside of signs of mathematics whose last digit is before at, and where it
// starts.
func (q *Question) plainValue(text string, at int) (found string, start int) {
	from, to := at, at
	for from > 0 && text[from-1] != '\n' && at-from < MaxLen && !chunkEnd(text, from-1) {
		from--
	}
	for to < len(text) && text[to] != '\n' && to-at < MaxLen && !chunkEnd(text, to) {
		to++
	}
	chunk := strings.Trim(text[from:to], ".,;:!?*\"'`")
	chunk = strings.TrimPrefix(chunk, `\(`)
	if strings.ContainsAny(chunk, `\^{_√`) || tuple.MatchString(chunk) {
		if !balanced(chunk) { // cut off
			chunk = trimUnbalanced(chunk)
		}
		for _, side := range []string{chunk[strings.LastIndexByte(chunk, '=')+1:], chunk} {
			if side != "" && balanced(side) && len(side) <= MaxLen && q.read(side, reading{}).mathematical() {
				return side, from
			}
		}
		if strings.ContainsAny(chunk, `\{^`) {
			return "", from
		}
	}
	start = at
	for start > 0 && strings.IndexByte("0123456789.,/", text[start-1]) >= 0 {
		start--
	}
	all := number.FindAllStringIndex(text[start:at], -1)
	if len(all) == 0 {
		return "", start
	}
	first := start + all[len(all)-1][0]
	// A minus is a sign unless it follows an operand.
	if first > 0 && text[first-1] == '-' && (first == 1 || !operand(text[first-2])) {
		first--
	}
	return text[first:at], first
}

var tuple = regexp.MustCompile(`^[(\[][^()\[\]]*[,;][^()\[\]]*[)\]]$`)

// chunkEnd reports whether the character of text at i separates formulas: white space that is not inside of brackets
// or after a comma inside of them.
func chunkEnd(text string, i int) bool {
	if text[i] != ' ' && text[i] != '\t' {
		return false
	}
	return i == 0 || i+1 >= len(text) || text[i-1] != ',' || !strings.ContainsAny(text[max(0, i-40):i], "([") ||
		strings.LastIndexAny(text[max(0, i-40):i], "([") < strings.LastIndexAny(text[max(0, i-40):i], ")]")
}

// trimUnbalanced drops brackets that are not closed or opened.
func trimUnbalanced(s string) string {
	for len(s) > 0 && nesting(s[0]) == 1 && !balanced(s) {
		s = s[1:]
	}
	for len(s) > 0 && nesting(s[len(s)-1]) == -1 && !balanced(s) {
		s = s[:len(s)-1]
	}
	return s
}

func operand(c byte) bool { return isDigit(c) || isLetter(c) || c == ')' || c == '}' }
