package answer

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// cue matches words that announce an answer, in several languages.
var cue = regexp.MustCompile(`(?im)` + strings.Join([]string{
	// English
	`\banswers?\b[*_]*(?:\s*\([^()\n]{0,30}\))?(?:\s+(?:to|for|of|in)\s[^.:\n$]{1,80}?|\s*,[^.:,\n$]{1,40},|\s+(?:here|choice|option|statement))?\s*[*_]*\s*` +
		`(?:\b(?:is|are|equals|was|(?:would|must|should|will|can only)\s+be)\b|[:=：])`,
	`^[#*\s_>]*(?:the\s+)?(?:final\s+)?answer[*_\s.]*$`,
	`\b(?:correct|right|best|only)\s+(?:option|choice|statement|alternative)\s*(?:\bis\b|:)`,
	// Korean, Chinese, Japanese
	`(?:최종\s*)?(?:정답|해답|답안|답)\s*(?:은|는|이|:|：|=)`,
	`(?:最终|最後|最后|正确|正確|最終)?(?:答案|答)\s*(?:是|为|為|就是|应为|应该是|等于|:|：|=)`,
	`(?:最終的な|正しい)?(?:答え|答|解答|正解)\s*(?:は|:|：|＝|=)`,
	// other languages
	`\b(?:respuesta|solución|resposta|risposta|soluzione)(?:\s+(?:final|correcta|correta|finale|corretta))?\s*(?:\bes\b|é|è|:|=|\bson\b)`,
	`(?:réponse|reponse|solution)(?:\s+(?:finale|correcte))?\s*(?:\best\b|\s:|=|\bsont\b)`,
	`\b(?:antwort|endergebnis|ergebnis|lösung|antwoord)\s*(?:\b(?:ist|lautet|is|beträgt|sind)\b|:|=)`,
	`(?:odpowiedź|odpowiedz|odpověď|odpoveď)\s*(?:\bto\b|\bje\b|jest|:)`,
	`(?:ответ|відповідь|отговор)\s*(?:равен|будет|—|–|-|:|это)`,
	`\b(?:svaret|svar|vastaus|cevap|yanıt|sonuç|válasz|răspunsul|raspuns|odgovor)\s*(?:\b(?:är|er|on|este|je)\b|:|=)`,
	`(?:đáp án|đáp số|câu trả lời|jawabannya|jawaban)\s*(?:là|adalah|:|cuối cùng là)`,
	`(?:उत्तर|الجواب|الإجابة|απάντηση|תשובה|คำตอบ)\s*(?:है|هو|هي|είναι|היא|คือ|:)`,
}, "|"))

// conclusion matches words that announce a result, but less surely an answer.
var conclusion = regexp.MustCompile(`(?im)\b(?:solutions?|roots?|zeros|results?|values?\s+of\s+[^.\n]{1,40}?|total|sum|probability|area|volume|length|distance)\s+` +
	`(?:is|are|equals|was)\b(?:\s+(?:therefore|thus|then|equal\s+to|given\s+by))?\s*:?`)

// stems are parts of which each cue has one, with capitals only outside of ASCII.
var stems = strings.Fields("answer option choice statement alternative 답 答 正解 respuesta soluci resposta risposta soluzione ponse reponse solution antwort ergebnis" +
	" sung antwoord odpowied odpov odpoveď твет ідповідь тговор svar vastaus cevap yanıt sonuç válasz răspuns raspuns odgovor áp\u00a0 áp câu jawab उत्तर الجواب الإجابة" +
	" απάντηση תשובה คำตอบ")

// cues returns the matches of cue in text. The expression is slow, so it is applied only to the lines around stems.
func cues(text string) (found [][]int) {
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	var at []int
	for _, stem := range stems {
		for i := 0; i < len(lower); {
			n := bytes.Index(lower[i:], []byte(stem))
			if n < 0 {
				break
			}
			at = append(at, i+n)
			i += n + len(stem)
		}
	}
	slices.Sort(at)
	at = at[max(0, len(at)-maxCues):]
	end := 0
	for i := 0; i < len(at); {
		start := max(end, at[i]-200, strings.LastIndexByte(text[:at[i]], '\n')+1)
		for end = at[i]; i < len(at) && at[i] <= end; i++ {
			end = min(len(text), at[i]+200)
		}
		for _, m := range cue.FindAllStringIndex(text[start:end], -1) {
			found = append(found, []int{start + m[0], start + m[1]})
		}
	}
	return found
}

// maxCues is the maximum number of stems around which cues are searched for, from the end of a text.
const maxCues = 200

// cued finds what follows the last cue that an answer follows, unless a line with "####" follows that.
func cued(q *Question, text string) (string, bool) {
	all := cues(text)
	if n := len(all); n > 0 && strings.LastIndex(text, "####") > all[n-1][1] {
		if found, ok := hashes(q, text); ok {
			return found, true
		}
	}
	return q.after(text, all)
}

// concluded finds the formula that follows the last conclusion in the last paragraph.
func concluded(q *Question, text string) (string, bool) {
	text = strings.TrimSpace(tail(text, 1000))
	if at := strings.LastIndex(text, "\n\n"); at >= 0 && !strings.Contains(text[at:], "$$") && !strings.Contains(text[at:], `\]`) {
		text = text[at:]
	}
	all := conclusion.FindAllStringIndex(text, -1)
	if len(all) == 0 {
		return "", false
	}
	rest := text[all[len(all)-1][1]:]
	found := q.pick(rest)
	if found == "" || !q.read(found, reading{}).mathematical() || sentenceEnd.MatchString(strings.TrimRight(rest, " \n.*")) {
		return "", false // another sentence follows
	}
	return found, true
}

// after returns the answer that follows the last of the cues that one follows.
func (q *Question) after(text string, cues [][]int) (string, bool) {
	for i := len(cues) - 1; i >= 0; i-- {
		rest := text[cues[i][1]:]
		if i+1 < len(cues) { // an answer ends before the next cue
			rest = text[cues[i][1]:cues[i+1][0]]
		}
		if found := q.pick(rest); found != "" && q.Key(found) != "" {
			return found, true
		}
	}
	return "", false
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?](?:["')*\]]*\s|["')*]*$)|\n|[。！？]`)
	leadWord    = regexp.MustCompile(`^(?i:therefore|thus|so|hence|then|simply|just|exactly|approximately|about|around|roughly|approx\.?|nearly|only|equal to|given by|found to be|as follows|indeed|now` +
		`|option|choice|statement|the letter|donc|alors|also|daher|somit|por lo tanto|entonces|dunque|quindi|portanto|etwa|ungefähr|environ|aproximadamente|约为|大约是|大约|约|約|약|次のとおり|is|are|:)[\s,:]+`)
	reason    = regexp.MustCompile(`(?i)\s*(?:[,;(]|\s(?:because|since|which|as|where|so|when|if|for|ya que|parce que|weil)\s)`)
	verb      = regexp.MustCompile(`(?i)(?:\b(?:is|are|equals|was|becomes|gives|get|be|es|est|ist|sind)\b|=|≈|은|는|は|为|是|\bequal to\b)\s*(?:therefore|thus|equal to|approximately|about|exactly|:)?\s*`)
	opening   = []struct{ open, end string }{{"$$", "$$"}, {"$", "$"}, {`\[`, `\]`}, {`\(`, `\)`}}
	joiner    = regexp.MustCompile(`^\s*(?:,|;|、)?\s*(?:and|or|et|ou|und|oder|y|o|e|和|或|와|과|그리고|또는|と)?\s*$`)
	afterSpan = regexp.MustCompile(`^\s*(?:\\?%|percent|million|billion|thousand|dozen)`)
	yesNo     = regexp.MustCompile(`^(?i:yes|no|true|false)\b`)
)

// pick returns the answer at the start of a text that follows a cue: a formula, a code, or what a sentence says. It is
// empty if there is none.
func (q *Question) pick(rest string) string {
	rest = plainMarkdown(rest)
	rest = strings.TrimLeft(rest, " \t\r\n*_:：#>`\"'“=")
	rest = strings.TrimPrefix(rest, "- ")
	for range 4 {
		n := len(rest)
		rest = strings.TrimLeft(rest[len(leadWord.FindString(rest)):], " \t\r\n")
		if n == len(rest) {
			break
		}
	}
	if s := q.formulas(rest); s != "" {
		return s
	}
	sentence := firstSentence(rest)
	sentence = strings.Trim(sentence, " \t\r\n\"`'*_”")
	if sentence == "" || len(sentence) > 4*MaxLen {
		return ""
	}
	if len(sentence) <= MaxLen && q.read(sentence, reading{}).mathematical() {
		return sentence
	}
	if q.kind == KindText {
		return sentence
	}
	if s := q.leading(sentence); s != "" {
		if unknownUnit(strings.TrimPrefix(sentence, s)) {
			return sentence
		}
		return s
	}
	if m := yesNo.FindString(sentence); m != "" {
		return m
	}
	verbs := outside(sentence, verb.FindAllStringIndex(sentence, 50))
	for i := len(verbs) - 1; i >= 0; i-- {
		if s := q.formulas(sentence[verbs[i][1]:]); s != "" {
			return s
		}
		if s := q.leading(sentence[verbs[i][1]:]); s != "" {
			return s
		}
	}
	phrase := sentence
	if at := reason.FindStringIndex(phrase); at != nil && at[0] > 0 {
		phrase = phrase[:at[0]]
	}
	if s, ok := lastValue(q, sentence); ok && (len(strings.Fields(phrase)) > 3 || strings.ContainsAny(phrase, "0123456789")) {
		return s
	}
	return strings.Trim(phrase, " \t\"`'*_,;:")
}

// unknownUnit reports whether the rest of a sentence after a number is one or two words that may be its unit.
func unknownUnit(rest string) bool {
	fields := strings.Fields(rest)
	if len(fields) == 0 || len(fields) > 2 || !strings.HasPrefix(rest, " ") {
		return false
	}
	for _, w := range fields {
		if strings.Trim(strings.ToLower(w), "abcdefghijklmnopqrstuvwxyz") != "" || len(w) < 2 || notUnits[strings.ToLower(w)] || connectors[strings.ToLower(w)] {
			return false
		}
	}
	return true
}

var notUnits = setOf("which because so since not for if less than then and or but as where when by with on at is are was from after before now here there instead again" +
	" exactly approximately overall respectively correct right only too also however both")

// firstSentence returns the first sentence of s. Marks inside of formulas end none.
func firstSentence(s string) string {
	s = s[:min(len(s), 8*MaxLen)]
	if ends := outside(s, sentenceEnd.FindAllStringIndex(s, 100)); len(ends) > 0 {
		return s[:ends[0][0]]
	}
	return s
}

// outside returns the matches that are not inside of a formula of s.
func outside(s string, matches [][]int) [][]int {
	spans := formulaSpans(s)
	return slices.DeleteFunc(matches, func(m []int) bool {
		return slices.ContainsFunc(spans, func(f span) bool { return f.start <= m[0] && m[0] < f.end-1 })
	})
}

// plainMarkdown returns s without marks of emphasis.
func plainMarkdown(s string) string {
	if !strings.Contains(s, "**") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "**") {
			inside := i > 0 && i+2 < len(s) && (isDigit(s[i-1]) || isLetter(s[i-1]) || s[i-1] == ')') && (isDigit(s[i+2]) || isLetter(s[i+2]) || s[i+2] == '(')
			if !inside {
				i++
				continue
			}
			b.WriteString("**")
			i++
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// formulaAt returns the extent of the formula between signs of mathematics at the start of s, and of its content.
func formulaAt(s string) (inside, outside string) {
	for _, o := range opening {
		if !strings.HasPrefix(s, o.open) {
			continue
		}
		for i := len(o.open); i < len(s); i++ {
			switch {
			case strings.HasPrefix(s[i:], o.end):
				if strings.TrimSpace(s[len(o.open):i]) == "" {
					return "", ""
				}
				return s[len(o.open):i], s[:i+len(o.end)]
			case s[i] == '\\':
				i++
			}
		}
	}
	return "", ""
}

// formulas returns the formula at the start of s, or all formulas of an enumeration there.
func (q *Question) formulas(s string) string {
	inside, outside := formulaAt(s)
	if inside == "" || len(inside) > MaxLen {
		return ""
	}
	if b, ok := boxed(q, inside); ok {
		inside = b
	}
	inside = strings.TrimSpace(inside)
	end := len(outside)
	rest := s[end:]
	if m := afterSpan.FindString(rest); m != "" {
		return inside + m
	}
	if v := verb.FindStringIndex(rest); v != nil && strings.TrimSpace(rest[:v[0]]) == "" && len(inside) <= 3 { // $n$ is 34
		if value := q.pickValue(rest[v[1]:]); value != "" {
			return value
		}
	}
	found := []string{inside}
	for len(found) < 50 {
		at := strings.IndexAny(rest, `$\`)
		if at < 0 || at > 20 || !joiner.MatchString(rest[:at]) || at == 0 {
			break
		}
		in, out := formulaAt(rest[at:])
		if in == "" {
			break
		}
		found = append(found, strings.TrimSpace(in))
		rest = rest[at+len(out):]
	}
	joined := strings.Join(found, ", ")
	if len(found) > 1 && len(joined) <= MaxLen && q.read(joined, reading{}).mathematical() {
		return joined
	}
	if v := q.read(inside, reading{}); v.kind == kindNone {
		return ""
	}
	return lastLineOfFormula(q, inside)
}

// pickValue returns the formula or leading value at the start of s.
func (q *Question) pickValue(s string) string {
	s = strings.TrimLeft(s, " \t\r\n*:")
	if inside, _ := formulaAt(s); inside != "" {
		return strings.TrimSpace(inside)
	}
	return q.leading(firstSentence(s))
}

// leading returns the longest start of s, in whole words, that is a mathematical answer.
func (q *Question) leading(s string) string {
	s = strings.TrimLeft(s, " \t*_:,\"'`")
	if inside, _ := formulaAt(s); inside != "" {
		return strings.TrimSpace(inside)
	}
	var ends []int
	for i := 0; i < len(s) && len(ends) < 40; {
		start := i
		for i < len(s) && s[i] != ' ' && s[i] != '\t' && s[i] != '\n' {
			i++
		}
		word := strings.Trim(s[start:i], ",.;:!?*\"'`")
		if !mathematicalWord(word, len(ends) == 0) {
			break
		}
		ends = append(ends, i)
		for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n') {
			i++
		}
	}
	tries := 0
	for n := len(ends) - 1; n >= 0 && tries < 12; n-- {
		tries++
		found := strings.Trim(s[:ends[n]], " \t\n,.;:!?*\"'`")
		if open := strings.TrimSuffix(found, ")"); open != found && !balanced(found) && !choiceLetter(open) {
			found = open
		}
		if len(found) <= MaxLen && q.read(found, reading{}).mathematical() {
			return found
		}
	}
	return ""
}

var mathWord = regexp.MustCompile(`^[-+*/=<>≤≥≈±×÷^|()\[\]{},;:.√π∞∪°%$€£]+$|^-?[A-Za-z](?:_\{?\w+\}?|\^\{?-?\w+\}?)?$|^\(?[A-J]\)$`)

// joining are words that stay inside a mathematical answer.
var joining = setOf("and or million billion thousand hundred trillion dozen thirds third quarters quarter half halves fifths tenths hundredths thousandths squared cubed factorial percent pi base")

// mathematicalWord reports whether a word may be part of an expression.
func mathematicalWord(w string, first bool) bool {
	switch {
	case w == "":
		return !first
	case w == "a" || w == "I" || w == "A":
		return w == "A" && first
	case strings.ContainsAny(w, "0123456789\\"):
		return true
	case !first && joining[strings.ToLower(w)]:
		return true
	}
	return mathWord.MatchString(w)
}
