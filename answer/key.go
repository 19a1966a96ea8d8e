package answer

import (
	"bytes"
	"regexp"
	"strings"
)

// Key returns the canonical form of an answer. Equality of keys is the equivalence of answers
// by which votes are counted, and Key(Key(a)) == Key(a).
//
// It drops notation that does not change the answer: LaTeX spacing, sizing and text
// commands, degrees, percent and currency signs, units, thousands commas, a leading
// "x=", final full stops, semicolons and colons. A percent sign is dropped without a
// division by 100. Plain numbers become reduced fractions (0.50, 2/4 and \frac12 are 1/2),
// alone and as elements of lists, tuples, sets and intervals. Words lose their case,
// variables keep it. The rules follow Hendrycks et al. 2021 (strip_string).
func Key(answer string) string {
	if len(answer) > MaxLen {
		return answer
	}
	return reduce(normalize(answer))
}

// normalize applies the rewrite rules until none changes s. A rule either leaves s unchanged,
// shortens it, or keeps its length and removes a capital, a comma or a control character; hence
// the loop ends, and normalize is idempotent.
func normalize(s string) string { return rewrite(s, rewrites) }

// rewrite applies the given rules until none changes s.
func rewrite(s string, rewrites []func(string) string) string {
	s = prepare(s)
	for {
		before := s
		for _, rule := range rewrites {
			s = rule(s)
		}
		if s == before {
			return s
		}
	}
}

var (
	rewrites         = []func(string) string{commands, trim, unbrace, dropVariable, units, lower}
	rewritesKeepName = []func(string) string{commands, trim, unbrace, units} // without dropVariable: keeps "y="
)

// prepare applies the rules that need to be applied only once, since no other rule produces
// a text that they replace.
func prepare(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = unicodeMath.Replace(s)
	s = root.ReplaceAllString(s, `\sqrt{$1}`)
	s = strings.ReplaceAll(s, "√", `\sqrt`)
	s = degrees.ReplaceAllString(s, `$1($2$3*\pi/180)`) // outside of functions degrees are a unit
	return dropUnitNoun(strings.TrimSpace(s))
}

const degree = `(?:\^\s*\{?\s*\\circ\s*\}?|\^?°|\\degree)`

var (
	unicodeMath = strings.NewReplacer("{,}", "", "−", "-", "–", "-", "×", "*", "·", "*", "÷", "/", "²", "^2", "³", "^3",
		"½", `\frac12`)
	root = regexp.MustCompile(`√([0-9]+)`)

	degrees = regexp.MustCompile(`(\\(?:sin|cos|tan|cot|sec|csc))\s*` +
		`(?:\(([0-9]+(?:\.[0-9]+)?)\s*` + degree + `\)|([0-9]+(?:\.[0-9]+)?)\s*` + degree + `)`)

	counted = regexp.MustCompile(`^((?:\\?\$)?[-+]?(?:\\?\$)?(?:[0-9][0-9,]*)?\.?[0-9]+)` +
		`(?:\s+([A-Za-z][A-Za-z ]*)|\s*\\(?:text|mbox|textrm|mathrm)\{([A-Za-z ]+)\.?\})\.?$`)
)

// magnitudeWords are words that change the value of the number before them, or belong to it.
var magnitudeWords = map[string]bool{
	"hundred": true, "thousand": true, "million": true, "billion": true, "trillion": true, "dozen": true, "half": true,
	"halves": true, "and": true, "or": true, "to": true, "less": true, "more": true, "than": true, "plus": true,
	"minus": true, "over": true, "mod": true, "am": true, "pm": true, "pi": true, "sqrt": true, "sin": true,
	"cos": true, "tan": true, "log": true, "ln": true, "infinity": true, "base": true,
}

// dropUnitNoun drops a noun of up to three words after a number, as in "18 eggs".
func dropUnitNoun(s string) string {
	m := counted.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	words := strings.Fields(m[2] + m[3])
	if len(words) > 3 {
		return s
	}
	for _, w := range words {
		if len(w) < 2 || magnitudeWords[strings.ToLower(w)] {
			return s
		}
	}
	return m[1]
}

// trim drops white space around an answer, full stops, semicolons and colons at its end, an
// outer group, and the parentheses of a choice, (C).
func trim(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ".;:")
	for len(s) > 1 && s[0] == '{' && braces(s)[0] == len(s)-1 {
		s = s[1 : len(s)-1]
	}
	if len(s) == 3 && s[0] == '(' && 'A' <= s[1] && s[1] <= 'Z' && s[2] == ')' {
		s = s[1:2]
	}
	return s
}

// unbrace drops braces around one letter or digit, or around nothing: x^{2}, \sqrt{3},
// \frac{1}{2}.
func unbrace(s string) string {
	var out []byte
	var open []int // offsets in out of open groups
	for i := 0; i < len(s); i++ {
		out = append(out, s[i])
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				out = append(out, s[i])
			}
		case '{':
			open = append(open, len(out)-1)
		case '}':
			if len(open) == 0 {
				continue
			}
			start := open[len(open)-1]
			open = open[:len(open)-1]
			before, inside := out[:start], string(out[start+1:len(out)-1])
			digit := i+1 < len(s) && isDigit(s[i+1])
			switch {
			case inside == "":
				out = before
			case !single(inside):
			case isDigit(inside[0]) && digit && !bytes.HasSuffix(before, []byte(`\frac`)): // x^{2}3 is not x^23
			case isLetter(inside[0]) && start > 0 && isLetter(out[start-1]): // \sqrt{x} is not \sqrtx
				out = append(append(before, ' '), inside...)
			default:
				out = append(before, inside...)
			}
		}
	}
	return string(out)
}

func single(s string) bool { return len(s) == 1 && (isDigit(s[0]) || isLetter(s[0])) || s == "π" }

// nameFirst matches an assignment to a variable, a function or a tuple, or a membership.
var nameFirst = regexp.MustCompile(
	`^(?:[A-Za-z](?:_[A-Za-z0-9])?|\\[a-z]+|[A-Za-z](?:\^\{-1\})?\([A-Za-z]\)|\([A-Za-z](?:;[A-Za-z])+\))` +
		`(?:=([^=]+)|\\in([(\[\\].*))$`)

// nameLast matches an assignment with the variable after a number, 5=x. An expression
// with letters is not assigned: a+b=c is an equation.
var nameLast = regexp.MustCompile(`^([^=A-Za-z\\]+)=[A-Za-z]$`)

// dropVariable drops the name of the variable, before or after the value: x=5, 5=x, f(x)=2x, (x,y)=(1,2), x∈[0,1].
func dropVariable(s string) string {
	if m := nameFirst.FindStringSubmatch(s); m != nil {
		return m[1] + m[2]
	}
	if m := nameLast.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return s
}

// unit matches a number that is followed by units, and captures the number: 5cm, 12milesperhour,
// 3cm^2. Space is dropped before.
var unit = regexp.MustCompile(`(?i)^(.*[0-9}π])(?:(?:square|sq|cubic|per|/)*(?:degrees?|radians?|percent|` +
	`dollars?|cents?|units?|inch(?:es)?|feet|foot|ft|yards?|yds?|miles?|mi|met(?:er|re)s?|cm|mm|km|` +
	`kg|grams?|pounds?|lbs?|ounces?|oz|tons?|lit(?:er|re)s?|ml|gallons?|mph|kph|` +
	`seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|people|points?|ways?))+(?:\^[23])?$`)

// units drops units after a number.
func units(s string) string {
	if m := unit.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return s
}

// lower converts an answer that consists of words to lower case.
func lower(s string) string {
	letters := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c):
			letters++
		case c < 0x80 && !strings.ContainsRune(" -'.;()", rune(c)):
			return s
		}
	}
	if letters < 2 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// reduce converts to a reduced fraction every plain number that is the whole answer, or
// an element of a list, tuple, set or interval.
func reduce(s string) string {
	var b strings.Builder
	start := 0       // of the current atom
	mayStart := true // an element of a list may start at start
	flush := func(end int, mayEnd bool) {
		atom := s[start:end]
		if mayStart && mayEnd {
			if r, ok := rational(atom); ok {
				atom = r.RatString()
			}
		}
		b.WriteString(atom)
	}
	for i := 0; i < len(s); i++ {
		opens, closes, size := false, false, 1
		switch {
		case s[i] == ';':
			opens, closes = true, true
		case s[i] == '(' || s[i] == '[':
			opens = true
		case s[i] == ')' || s[i] == ']':
			closes = true
		case strings.HasPrefix(s[i:], `\{`):
			opens, size = true, 2
		case strings.HasPrefix(s[i:], `\}`):
			closes, size = true, 2
		default:
			continue
		}
		flush(i, closes)
		b.WriteString(s[i : i+size])
		i += size - 1
		start, mayStart = i+1, opens
	}
	flush(len(s), true)
	return b.String()
}
