package answer

import (
	"fmt"
	"regexp"
	"strings"
)

// A Rule finds the answer in a solution in one way. Find returns the answer
// trimmed and not empty, or false, in time linear in the text.
type Rule struct {
	Name string
	Find func(text string) (string, bool)
}

// The rules that there are.
var (
	// Boxed is the last \boxed{…} or \fbox{…} whose braces match.
	Boxed = Rule{"boxed", boxed}
	// Line is the last line that starts with "A:", as the pocket models write,
	// unless it is a sentence that announces the answer itself.
	Line = Rule{"line", line}
	// Phrase is what follows the last "answer is" or "answer:", up to the end
	// of the sentence.
	Phrase = Rule{"phrase", phrase}
	// Hashes is the number after the last "####", as GSM8K writes.
	Hashes = Rule{"hashes", hashes}
	// LastNumber is the last number of the text.
	LastNumber = Rule{"last-number", lastNumber}
)

// An Extractor tries its rules in order; the first that finds something wins.
type Extractor []Rule

// Default is the order that [Extract] uses: from what a model marks as its
// answer on purpose down to a guess.
var Default = Extractor{Boxed, Line, Phrase, Hashes, LastNumber}

// Rules returns the extractor of the named rules, in the order given.
func Rules(names ...string) (Extractor, error) {
	var e Extractor
next:
	for _, name := range names {
		for _, r := range Default {
			if r.Name == name {
				e = append(e, r)
				continue next
			}
		}
		return nil, fmt.Errorf("answer: unknown extraction rule %q", name)
	}
	return e, nil
}

// Extract returns the answer that text states, by the Default rules, and
// whether there is one.
func Extract(text string) (string, bool) { return Default.Extract(text) }

// Extract returns the answer that e's first successful rule finds.
func (e Extractor) Extract(text string) (string, bool) {
	for _, r := range e {
		if found, ok := r.Find(text); ok {
			return found, true
		}
	}
	return "", false
}

var box = regexp.MustCompile(`\\f?box(?:ed)?\b\s*`)

func boxed(text string) (string, bool) {
	closing := braces(text)
	found := ""
	for _, at := range box.FindAllStringIndex(text, -1) {
		rest := text[at[1]:]
		inside := ""
		if strings.HasPrefix(rest, "{") {
			if end := closing[at[1]]; end > 0 {
				inside = text[at[1]+1 : end]
			}
		} else if end := strings.IndexAny(rest, "$\n"); end > 0 { // \boxed 5$
			inside = rest[:end]
		}
		if inside = strings.TrimSpace(inside); inside != "" {
			found = inside
		}
	}
	return found, found != ""
}

// braces returns, for the position of each opening brace that has a partner,
// the partner's position, and 0 elsewhere. A brace after a backslash is a
// character, not a group.
func braces(s string) []int {
	closing := make([]int, len(s)+1)
	var open []int
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			open = append(open, i)
		case '}':
			if n := len(open); n > 0 {
				closing[open[n-1]] = i
				open = open[:n-1]
			}
		}
	}
	return closing
}

func line(text string) (string, bool) {
	found := ""
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), "A:"); ok {
			if rest = strings.TrimSpace(rest); rest != "" && !answerIs.MatchString(rest) {
				found = rest
			}
		}
	}
	return found, found != ""
}

var (
	answerIs    = regexp.MustCompile(`(?i)\banswer(?:\s+is\b|\s*:)[\s:*]*`)
	sentenceEnd = regexp.MustCompile(`[.!?](?:["')*]*\s|["')*]*$)|\n`)
)

func phrase(text string) (string, bool) {
	all := answerIs.FindAllStringIndex(text, -1)
	for i := len(all) - 1; i >= 0; i-- {
		rest := text[all[i][1]:]
		if i+1 < len(all) { // an answer ends where the next one is announced
			rest = text[all[i][1]:all[i+1][0]]
		}
		if math, ok := strings.CutPrefix(rest, "$"); ok {
			if inside, _, closed := strings.Cut(math, "$"); closed && strings.TrimSpace(inside) != "" {
				return strings.TrimSpace(inside), true
			}
		}
		if end := sentenceEnd.FindStringIndex(rest); end != nil {
			rest = rest[:end[0]]
		}
		if rest = strings.Trim(rest, " \t\r\n*\"`"); rest != "" {
			return rest, true
		}
	}
	return "", false
}

var hashed = regexp.MustCompile(`####\s*\$?(-?\$?[0-9][0-9.,]*|-?\.[0-9]+)`)

func hashes(text string) (string, bool) {
	at := strings.LastIndex(text, "####")
	if at < 0 {
		return "", false
	}
	m := hashed.FindStringSubmatch(text[at:])
	if m == nil {
		return "", false
	}
	return strings.TrimRight(m[1], ".,"), true
}

var number = regexp.MustCompile(`[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]*\.?[0-9]+(?:/[0-9]+)?`)

func lastNumber(text string) (string, bool) {
	end := strings.LastIndexAny(text, "0123456789") + 1
	if end == 0 {
		return "", false
	}
	start := end
	for start > 0 && strings.IndexByte("0123456789.,/", text[start-1]) >= 0 {
		start--
	}
	all := number.FindAllStringIndex(text[start:end], -1)
	last := all[len(all)-1]
	from := start + last[0]
	// A minus is a sign unless it stands between two operands.
	if from > 0 && text[from-1] == '-' && (from == 1 || !operand(text[from-2])) {
		from--
	}
	return text[from:end], true
}

func operand(c byte) bool { return isDigit(c) || isLetter(c) || c == ')' || c == '}' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
