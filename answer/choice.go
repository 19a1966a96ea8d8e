package answer

import (
	"regexp"
	"strings"
)

// lastChoice is the last letter of an option.
const lastChoice = 'J'

func choiceLetter(s string) bool { return len(s) == 1 && 'A' <= s[0] && s[0] <= lastChoice }

var choiceWords = setOf("option choice answer statement")

// letterOfChoice reads an option with its letter: (C), C), C. 12, (C) 12, option C.
func (r *reader) letterOfChoice(t []token) (value, bool) {
	if len(t) > 1 && t[0].kind == tokenLetters && choiceWords[strings.ToLower(t[0].text)] {
		t = t[1:]
		if t[0].kind == tokenLetters && choiceLetter(t[0].text) && len(t) == 1 {
			return letterValue(t[0].text), true
		}
	}
	if len(t) == 2 && t[0].kind == tokenLetters && choiceLetter(t[0].text) && counter(t[1].text) { // B입니다
		return letterValue(t[0].text), true
	}
	var letter string
	var rest []token
	switch {
	case len(t) >= 3 && t[0].is("(") && t[1].kind == tokenLetters && choiceLetter(t[1].text) && t[2].is(")"):
		letter, rest = t[1].text, t[3:]
		if len(rest) > 0 && (!rest[0].space || rest[0].kind == tokenSymbol && strings.Contains("+-*/^=<>≤≥!_", rest[0].text)) {
			return value{}, false
		}
	case len(t) >= 2 && t[0].kind == tokenLetters && choiceLetter(t[0].text) && (t[1].is(")") || t[1].is(".") || t[1].is(":") && len(t) > 2 && t[2].space):
		letter, rest = t[0].text, t[2:]
	default:
		return value{}, false
	}
	v := letterValue(letter)
	if len(trim(rest)) > 0 {
		v.also = []value{r.answer(rest)}
	}
	return v, true
}

// choiceWithReason reads a letter, followed by a comma and words: (C), since (D) is too large.
func (r *reader) choiceWithReason(elems [][]token) (value, bool) {
	first := trim(elems[0])
	if len(first) == 3 && first[0].is("(") && first[2].is(")") {
		first = first[1:2]
	}
	second := trim(elems[1])
	if len(first) != 1 || first[0].kind != tokenLetters || !choiceLetter(first[0].text) || len(second) < 2 || second[0].kind != tokenLetters ||
		!reasons[strings.ToLower(second[0].text)] {
		return value{}, false
	}
	return letterValue(first[0].text), true
}

var reasons = setOf("since because as which so where not but for")

func letterValue(letter string) value {
	return value{kind: kindScalar, sum: of(variable(letter)), letter: true}
}

var letterPattern = regexp.MustCompile(`^(?i:option|choice|answer)?\s*\(?([A-Ja-j])(?:\)|\.|$|\s*$)`)

// letter returns the letter of an answer that consists of one, with or without the content of the option, or "".
func letter(s string) string {
	s = regexpText.ReplaceAllString(clean(s), "$1")
	s = strings.TrimSpace(strings.NewReplacer(`\boxed{`, "", "}", "", `\ `, " ", "{", "", `\(`, "", `\)`, "").Replace(s))
	m := letterPattern.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	if m[1] >= "a" && strings.TrimRight(s, ").( ") != m[1] && strings.Trim(s, "(). ") != m[1] {
		return "" // a lower-case letter, not alone
	}
	return strings.ToUpper(m[1])
}

var (
	optionLine   = regexp.MustCompile(`(?m)^[ \t>*-]*(?:\*\*)?\(?([A-J])(?:\)|\.|:)(?:\*\*)?[ \t]+(\S.*?)[ \t]*$`)
	optionInline = regexp.MustCompile(`(?:\\textbf\s*\{|\\text\s*\{|\\mathrm\s*\{)?\(([A-J])\)(?:\s*\})?(?:\\[ ,;~]|~|\s|\})*`)
)

// readOptions finds the options of a multiple-choice problem: lines that begin with A., B. …, or (A) 12 (B) 13 … in
// one line.
func (q *Question) readOptions(problem string) {
	options := map[string]string{}
	for _, m := range optionLine.FindAllStringSubmatch(problem, 40) {
		options[m[1]] = m[2]
	}
	if !consecutive(options) {
		options = map[string]string{}
		all := optionInline.FindAllStringSubmatchIndex(problem, 40)
		for i, m := range all {
			end := len(problem)
			if i+1 < len(all) {
				end = all[i+1][0]
			}
			content, _, _ := strings.Cut(problem[m[1]:end], "\n")
			content = strings.TrimSpace(content)
			for _, tail := range []string{`\qquad`, `\quad`, "$", `\\`, ";", ","} {
				content = strings.TrimSpace(strings.TrimSuffix(content, tail))
			}
			options[problem[m[2]:m[3]]] = content
		}
	}
	if !consecutive(options) {
		return
	}
	q.options, q.keys = options, map[string]string{}
	for letter, content := range options {
		key := unknown.Key(content)
		if _, twice := q.keys[key]; twice || key == "" || choiceLetter(key) {
			q.keys[key] = ""
			continue
		}
		q.keys[key] = letter
	}
}

// consecutive reports whether options are A, B and so on, at least two.
func consecutive(options map[string]string) bool {
	for i := range len(options) {
		if _, ok := options[string(rune('A'+i))]; !ok {
			return false
		}
	}
	return len(options) >= 2
}
