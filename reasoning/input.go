package reasoning

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrUnreadable indicates a problem that a model cannot read.
var ErrUnreadable = NewError(KindInvalid, "PROBLEM_UNREADABLE", "the model cannot read the problem")

// MaxAlphabet is the maximum length of an Alphabet, in bytes.
const MaxAlphabet = 4096

// An Input says which problems a model can read. The zero value says nothing: each may be tried.
type Input struct {
	Alphabet string // the characters that the model reads, each as one token; "": all, or not known
	Tokens   int    // most tokens of a problem, for which the context has room; 0: not known
}

// Least returns the least number of tokens that a text can have: its characters if there is an
// Alphabet, otherwise its words, as tokenizers do not join words that white space separates.
func (in Input) Least(text string) int {
	if in.Alphabet != "" {
		return utf8.RuneCountInString(strings.TrimSpace(text))
	}
	return len(strings.Fields(text))
}

// Check returns an error that wraps ErrUnreadable and a *InvalidError for a field if model, which
// has this Input, can surely not read the text of the field.
func (in Input) Check(field, text, model string) error {
	rule := ""
	if in.Alphabet != "" {
		if i := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(in.Alphabet, r) }); i >= 0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			rule = fmt.Sprintf("has the character %q at byte %d, which is not among the %d that %s reads: "+
				"write the problem with those, or use another model", r, i, utf8.RuneCountInString(in.Alphabet), model)
		}
	}
	if least := in.Least(text); rule == "" && in.Tokens > 0 && least > in.Tokens {
		rule = fmt.Sprintf("has at least %d tokens, and %s has room for %d: shorten the problem, or use a model with a longer context",
			least, model, in.Tokens)
	}
	if rule == "" {
		return nil
	}
	return Mark(Invalid(field, "%s", rule), ErrUnreadable)
}

// And returns the Input of two models together: what both can read.
func (in Input) And(other Input) Input {
	both := Input{Alphabet: in.Alphabet, Tokens: in.Tokens}
	switch {
	case in.Alphabet == "":
		both.Alphabet = other.Alphabet
	case other.Alphabet != "" && in.Alphabet != other.Alphabet:
		both.Alphabet = strings.Map(func(r rune) rune {
			if strings.ContainsRune(other.Alphabet, r) {
				return r
			}
			return -1
		}, in.Alphabet)
	}
	if both.Tokens == 0 || other.Tokens > 0 && other.Tokens < both.Tokens {
		both.Tokens = other.Tokens
	}
	return both
}
