package answer

import (
	"regexp"
	"strings"
)

// A Question extracts and compares the answers to one problem. Its zero value knows nothing of the problem; Of returns
// one that does. It is safe for concurrent use.
type Question struct {
	kind    Kind
	words   map[string]bool   // of the problem, in lower case
	comma   bool              // the problem is written in a language with decimal commas
	text    string            // of the problem
	plain   string            // the text without spaces and signs of LaTeX
	options map[string]string // of a multiple-choice problem: what each letter stands for
	keys    map[string]string // letters by the keys of their options
	dozens  bool              // the problem asks for a number of dozens
	reads   *int              // answers that may still be read, in Extract; nil: no bound
}

// Of returns the question of a problem. The problem's text tells what its options are, which nouns it counts, and
// whether its language has decimal commas.
func Of(kind Kind, problem string) *Question {
	if len(problem) > maxProblem {
		problem = problem[:maxProblem]
	}
	q := &Question{kind: kind, text: problem, plain: squeeze.Replace(problem), words: map[string]bool{}}
	for _, w := range wordPattern.FindAllString(strings.ToLower(problem), -1) {
		if !notNouns[w] {
			q.words[w] = true
			if stem, ok := strings.CutSuffix(w, "s"); ok && len(stem) > 2 {
				q.words[stem] = true
			} else {
				q.words[w+"s"] = true
			}
		}
	}
	q.dozens = strings.Contains(strings.ToLower(problem), "many dozen")
	n := 0
	for _, w := range strings.Fields(strings.ToLower(problem)) {
		if european[w] {
			n++
		}
	}
	q.comma = n >= 2
	if kind == KindAuto || kind == KindChoice {
		q.readOptions(problem)
	}
	return q
}

// maxProblem is the maximum length, in bytes, of a problem's text that is read for nouns and options.
const maxProblem = 1 << 16

var (
	wordPattern = regexp.MustCompile(`\p{L}{3,}`)
	notNouns    = setOf("and for the are was how what many much then than that this with from each have has had will not but per one two three four five six seven eight" +
		" nine ten eleven twelve hundred thousand million billion trillion dozen half halves third thirds quarter quarters fourth fifth tenth hundredth thousandth" +
		" squared cubed factorial below above zero plus minus times over less more sin cos tan log sqrt exp mod base infinity double triple twice" +
		" tenths hundredths thousandths fifths sixth sixths seventh eighth eighths ninth billion percent")
	european = setOf("el la los las der die das und ist wie viele le les des est combien cuánto cuántos cuántas il quanto quanti quante os uma quantos het een hoeveel" +
		" сколько и в на ile jest hur många hvor mange kuinka kolik kaç berapa que un une ein eine del di è é en av og ja")
)

// squeeze drops what the texts of tokens do not have.
var squeeze = strings.NewReplacer(" ", "", "$", "", `\`, "", "\n", "", "~", "", "left", "", "right", "", "dfrac", "frac", "tfrac", "frac")

// states reports whether the problem's text contains an expression.
func (q *Question) states(t []token) bool {
	s := text(trim(t))
	return len(s) > 2 && q.plain != "" && strings.Contains(q.plain, s)
}

// mentions reports whether the problem's text contains a word that may be a noun.
func (q *Question) mentions(word string) bool { return q != nil && len(word) > 2 && q.words[word] }
