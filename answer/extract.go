package answer

import (
	"regexp"
	"strings"
)

// A Rule extracts an answer in one way. Find returns the answer, trimmed and not empty,
// or false. It takes time linear in the length of text.
type Rule struct {
	Name string
	Find func(text string) (string, bool)
}

var (
	// Boxed finds the last \boxed{…} or \fbox{…} whose braces match.
	Boxed = Rule{"boxed", boxed}
	// Line finds the last line that begins with "A:", the format of the pocket models,
	// unless Phrase applies to the line.
	Line = Rule{"line", line}
	// Phrase finds the text after the last "answer is" or "answer:", up to the end of
	// the sentence.
	Phrase = Rule{"phrase", phrase}
	// Hashes finds the number after the last "####", the format of GSM8K.
	Hashes = Rule{"hashes", hashes}
	// LastNumber finds the last number of the text.
	LastNumber = Rule{"last-number", lastNumber}
)

// rules are the rules of Extract, from explicit marks of an answer to a guess.
var rules = []Rule{Boxed, Line, Phrase, Hashes, LastNumber}

// Extract returns the answer in text by the first rule that finds one: Boxed, Line,
// Phrase, Hashes, LastNumber.
func Extract(text string) (string, bool) {
	for _, r := range rules {
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

// braces returns, for the position of each opening brace, that of its closing brace, or
// 0 if there is none. Braces after a backslash are characters, not groups.
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
		if i+1 < len(all) { // an answer ends before the next phrase
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
	// A minus is a sign unless it follows an operand.
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
