package answer

import "strings"

// isWords reports whether t is a phrase: it consists of letters and punctuation, and is no product of variables.
func isWords(t []token) bool {
	runs := 0
	for _, x := range t {
		switch {
		case x.kind == tokenLetters:
			if x.word || phraseWord(x.text) {
				runs++
			} else if len(x.text) > 1 || len(t) > 3 {
				continue
			}
		case x.kind == tokenSymbol && strings.Contains("-'.,;:&/#_", x.text):
		default:
			return false
		}
	}
	if len(t) == 1 && t[0].word && len(t[0].text) == 1 { // \text{C}, a letter
		return false
	}
	return runs > 0
}

var shortWords = setOf("not the for but see its was are has had any our can now get who why how yes no odd even all one two ten red bob ann tom sam tim joe ben amy dan jim ian eve lee kim may up on off in out by is it he she north win tie low mid top")

// phraseWord reports whether a run of letters is a word, not a product of variables.
func phraseWord(s string) bool {
	if s[0] >= 0x80 || len(s) >= maxRun {
		return splitRun(s) == nil || len(s) > 7
	}
	if len(s) == 4 && strings.ContainsAny(s, "aeiouAEIOU") && splitRun(s) != nil && !known(s) && !strings.Contains(s, "pi") {
		return strings.ToUpper(s) != s
	}
	capital := len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && strings.ToLower(s[1:]) == s[1:]
	return shortWords[strings.ToLower(s)] && strings.ToUpper(s) != s || capital && len(s) > 2
}

// words returns the value of an answer that is no mathematics: its text, in lower case if it has words only.
func words(t []token) value {
	var b strings.Builder
	lower := true
	for i, x := range t {
		if i > 0 && x.space {
			b.WriteByte(' ')
		}
		switch {
		case x.kind == tokenCommand:
			lower = false
			b.WriteString(`\` + x.text + " ")
		case x.kind == tokenNumber && x.text == "":
			b.WriteString(x.num.RatString())
		default:
			b.WriteString(x.text)
		}
		if x.kind == tokenSymbol && !strings.Contains("-'.,;:&/#_()…!?", x.text) {
			lower = false
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if lower {
		text = strings.ToLower(text)
		for _, article := range []string{"the ", "a ", "an "} {
			text = strings.TrimPrefix(text, article)
		}
	}
	if text = strings.Trim(text, " .,;:!?'"); text == "" {
		return value{}
	}
	return value{kind: kindWords, text: text}
}
