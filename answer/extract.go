package answer

import (
	"regexp"
	"strings"
)

// A rule finds an answer in a text in one way. It takes time linear in the length of the text, which is at most
// maxText.
type rule func(q *Question, text string) (string, bool)

// maxText is the length, in bytes, of the end of a text in which an answer is searched for.
const maxText = 1 << 16

// maxReads is the maximum number of parts of a text that are read as answers. Most texts need fewer than ten.
const maxReads = 100

// rules are the rules of Extract, from explicit marks of an answer to a guess.
var rules = map[Kind][]rule{
	KindAuto:       {boxed, tagged, line, cued, hashes, chosen, concluded, output, lastValue},
	KindNumber:     {boxed, tagged, line, cued, hashes, concluded, output, lastValue},
	KindExpression: {boxed, tagged, line, cued, hashes, concluded, lastValue},
	KindChoice:     {boxed, tagged, line, cued, hashes, chosen, lastLetter, lastValue},
	KindText:       {boxed, tagged, line, cued, hashes, lastLine},
	KindCode:       {block, tagged, line, cued, lastLine},
}

// Extract returns the answer in text by the first rule that finds one: the content of the last \boxed{…} (or of
// several in one sentence); of <answer>…</answer>; the rest of a line after "A:", the format of the pocket models;
// what follows the last "answer is" or a like cue, in several languages; what follows "####", the format of GSM8K; the
// letter of a chosen option; what the solutions or roots are said to be; a block of output; the last formula or
// number. It reads what follows the last </think>, if that has an answer. An answer has a key that is not empty.
func (q *Question) Extract(text string) (string, bool) {
	bounded := *q
	bounded.reads = new(maxReads)
	q = &bounded
	text = strings.ToValidUTF8(text, "")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[len(text)-maxText:], "")
	}
	if strings.ContainsAny(text, "<[") {
		text = stopTokens.ReplaceAllStringFunc(text, func(m string) string {
			if strings.Contains(m, "answer>") {
				return m
			}
			return " "
		})
	}
	if at := strings.LastIndex(text, "</think>"); at >= 0 {
		if found, ok := q.extract(text[at+len("</think>"):]); ok {
			return found, true
		}
	}
	return q.extract(text)
}

func (q *Question) extract(text string) (string, bool) {
	for _, r := range rules[q.kind] {
		if found, ok := r(q, text); ok && q.Key(found) != "" {
			return found, true
		}
	}
	return "", false
}

// tail returns the last lines of text, about size bytes.
func tail(text string, size int) string {
	if len(text) <= size {
		return text
	}
	at := len(text) - size
	if n := strings.IndexByte(text[at:at+size/2], '\n'); n >= 0 {
		return text[at+n+1:]
	}
	return strings.ToValidUTF8(text[at:], "")
}

// Hashes returns the answer after the last "####" of text, the format of GSM8K.
func Hashes(text string) (string, bool) { return hashes(unknown, text) }

var box = regexp.MustCompile(`\\f?box(?:ed)?\b\s*`)

// A span is a part of a text.
type span struct{ start, end int }

// boxed finds the content of the last box whose braces match, or those of several boxes in one sentence.
func boxed(q *Question, text string) (string, bool) {
	closing := braces(text)
	var outer, inner []span
	for _, at := range box.FindAllStringIndex(text, -1) {
		rest := text[at[1]:]
		var o, in span
		switch {
		case strings.HasPrefix(rest, "{") && closing[at[1]] > 0:
			in = span{at[1] + 1, closing[at[1]]}
			o = span{at[0], in.end + 1}
		case strings.HasPrefix(rest, "{"): // the solution was cut off behind the content
			in = span{at[1] + 1, len(text)}
			if inside := text[in.start:in.end]; len(inside) > MaxLen || !balanced(inside) || !strings.HasPrefix(inside, `\text`) && !q.read(inside, reading{}).mathematical() {
				continue
			}
			o = span{at[0], len(text)}
		default: // \boxed 5$
			end := strings.IndexAny(rest, "$\n")
			if end <= 0 {
				continue
			}
			in = span{at[1], at[1] + end}
			o = span{at[0], in.end}
		}
		if strings.TrimSpace(text[in.start:in.end]) == "" {
			continue
		}
		if n := len(outer); n > 0 && o.start < outer[n-1].end { // a box in a box
			inner[n-1] = in
			continue
		}
		outer, inner = append(outer, o), append(inner, in)
	}
	n := len(outer)
	if n == 0 {
		return "", false
	}
	found := []string{strings.TrimSpace(text[inner[n-1].start:inner[n-1].end])}
	for i := n - 1; i > 0 && len(found) < 20 && enumerates(text[outer[i-1].end:outer[i].start]); i-- {
		previous := strings.TrimSpace(text[inner[i-1].start:inner[i-1].end])
		if q.Key(previous) != q.Key(found[0]) {
			found = append([]string{previous}, found...)
		}
	}
	return strings.Join(found, ", "), true
}

func balanced(s string) bool {
	depth := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if depth += nesting(s[i]); depth < 0 {
			return false
		}
	}
	return depth == 0
}

var enumeration = regexp.MustCompile(`^[\s$.]*(?:\\[)\]])?\s*(?:,|;|、|，)?\s*(?:\\text\{)?\s*(?:,?\s*(?:and|or|et|ou|und|oder|y|o|e|와|과|그리고|또는|和|或|と))?\s*\}?\s*` +
	`(?:\\quad)?\s*(?:\\[(\[])?[\s$]*(?:[A-Za-z](?:_\{?\w+\}?)?\s*=\s*)?[\s$]*$`)

// enumerates reports whether the text between two boxes joins them in an enumeration.
func enumerates(between string) bool {
	return len(between) < 80 && !strings.Contains(between, ".") && strings.ContainsAny(between, ",;、，aoeyu와과그또和或と") && enumeration.MatchString(between)
}

var answerTag = regexp.MustCompile(`(?is)<answer>(.*?)(?:</answer>|$)`)

// tagged finds the content of the last <answer>…</answer>.
func tagged(q *Question, text string) (string, bool) {
	if !strings.Contains(text, "<answer") && !strings.Contains(text, "<Answer") && !strings.Contains(text, "<ANSWER") {
		return "", false
	}
	all := answerTag.FindAllStringSubmatch(text, -1)
	for i := len(all) - 1; i >= 0; i-- {
		inside := strings.TrimSpace(all[i][1])
		if found, ok := q.explicit(inside); ok {
			return found, true
		}
	}
	return "", false
}

// explicit returns the answer in a text that consists of it, or of cues and it.
func (q *Question) explicit(s string) (string, bool) {
	if inside, ok := boxed(q, s); ok {
		return inside, true
	}
	if s != "" && len(s) <= MaxLen && q.read(s, reading{}).mathematical() {
		return s, true
	}
	if found, ok := cued(q, s); ok {
		return found, true
	}
	s = q.pick(s)
	return s, s != ""
}

// line finds the last line that begins with "A:", unless it has a cue.
func line(_ *Question, text string) (string, bool) {
	found := ""
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), "A:"); ok {
			if rest = strings.TrimSpace(rest); rest != "" && !cue.MatchString(rest) {
				found = rest
			}
		}
	}
	return found, found != ""
}

// hashes finds what follows the last "####".
func hashes(q *Question, text string) (string, bool) {
	at := strings.LastIndex(text, "####")
	if at < 0 {
		return "", false
	}
	rest, more, _ := strings.Cut(strings.TrimLeft(text[at:], "#"), "\n")
	rest = strings.Trim(rest, " \t\r*")
	if m := hashed.FindString(rest); m != "" {
		return strings.TrimRight(strings.TrimLeft(m, "$ "), ".,"), true
	}
	if rest == "" || len(rest) > MaxLen || strings.TrimSpace(more) != "" && !q.read(rest, reading{}).mathematical() {
		return "", false // a heading
	}
	return rest, true
}

var hashed = regexp.MustCompile(`^\$?(-?\$?[0-9][0-9.,]*|-?\.[0-9]+)$`)

// mathematical reports whether v is an answer that is not words, and has no words in it.
func (v value) mathematical() bool {
	switch v.kind {
	case kindNone, kindWords:
		return false
	}
	for _, e := range v.elems {
		if !e.mathematical() {
			return false
		}
	}
	return true
}

// block finds the last fenced block of code.
func block(_ *Question, text string) (string, bool) {
	all := fence.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return "", false
	}
	found := strings.Trim(all[len(all)-1][2], "\r\n")
	return found, strings.TrimSpace(found) != ""
}

// output finds the last fenced block that holds the output of a program.
func output(q *Question, text string) (string, bool) {
	all := fence.FindAllStringSubmatch(text, -1)
	for i := len(all) - 1; i >= 0; i-- {
		if label := strings.ToLower(all[i][1]); label == "output" || label == "text" || label == "plaintext" || label == "" {
			inside := strings.TrimSpace(all[i][2])
			if at := strings.LastIndexByte(inside, '\n'); at >= 0 {
				inside = strings.TrimSpace(inside[at:])
			}
			if inside != "" && len(inside) <= MaxLen {
				return inside, true
			}
		}
	}
	return "", false
}

var fence = regexp.MustCompile("(?s)```[ \t]*([A-Za-z0-9+#_-]*)[^\n]*\n(.*?)(?:```|$)")

var chosenLetter = regexp.MustCompile(`(?:\b[Oo]ption|\b[Cc]hoice|\b[Aa]nswer)\s+\(?([A-J])\)?(?:\s+is|\s*[.!]?\s*$)` +
	`|\(?\b([A-J])\)?\**\s+is\s+(?:the\s+)?(?:correct|right|best|true)` +
	`|(?:\bI(?:'d|’d)?\s+(?:would\s+)?|\b[Ll]et's\s+|\bgo(?:es|ing)?\s+)(?:choose|pick|select|with|go\s+with)\s+(?:option\s+|choice\s+|answer\s+)?\(?\**([A-J])\b` +
	`|(?:故选|选择|应选|因此选|所以选|选|選|선택은|선택)\s*[:：]?\s*\(?([A-J])\b` +
	`|([A-J])\s*(?:번이?\s*정답|가 정답|이 정답|が正解|が正しい|正确|是正确|es correcta|est correcte|ist richtig)`)

// chosen finds the letter of the option that the text says to choose, or of which it consists.
func chosen(_ *Question, text string) (string, bool) {
	trimmed := strings.Trim(text, " \t\r\n.*")
	if choiceLetter(strings.Trim(trimmed, "()[]$.")) {
		return trimmed, true
	}
	all := chosenLetter.FindAllStringSubmatch(tail(text, 1000), -1)
	if n := len(all); n > 0 {
		for _, letter := range all[n-1][1:] {
			if letter != "" {
				return letter, true
			}
		}
	}
	if m := firstLetter.FindStringSubmatch(text); m != nil {
		return m[1], true
	}
	return "", false
}

var (
	firstLetter = regexp.MustCompile(`^\s*\**\(?([A-J])(?:\)|\.|:)\**\s`)
	loneLetter  = regexp.MustCompile(`(?:^|[\s(*"'$])([A-J])(?:[\s).,:;*"'$]|$)`)
)

// lastLetter finds the last capital letter of an option that stands alone.
func lastLetter(_ *Question, text string) (string, bool) {
	all := loneLetter.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return "", false
	}
	return all[len(all)-1][1], true
}

// lastLine finds the last line that is not empty.
func lastLine(_ *Question, text string) (string, bool) {
	text = strings.TrimSpace(text)
	if at := strings.LastIndexByte(text, '\n'); at >= 0 {
		text = strings.TrimSpace(text[at:])
	}
	return text, text != ""
}
