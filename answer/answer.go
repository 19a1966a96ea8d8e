// Package answer extracts the answer from the text of a solution, and compares answers.
//
// An answer is read in four steps: clean and tokens divide its notation (LaTeX, Unicode, Markdown, words of numbers)
// into tokens; a reader drops names and units and finds lists, intervals, matrices and relations; a parser computes
// the normal form of each expression, a sum, with exact rational numbers; and a [value] is the whole.
//
// Answers are compared in two ways. Equality of the canonical [Key], the text of the normal form, is an equivalence
// relation and may group votes. [Correct] is a lenient grader (decimals, percent, other readings of the same answer):
// it is not transitive and must not group votes. A vote by the grader would put 10 and 1000 into one group, because
// each is equal to 1000%.
//
// A [Question] extracts and compares with the problem's text: its options, the nouns that it counts, its language.
//
// All functions are pure, safe for concurrent use and bounded in work on any input, and do not panic.
package answer

import "strconv"

// MaxLen is the longest answer, in bytes, that is read. A longer one is its own key and is correct only if it equals
// the reference.
const MaxLen = 512

// unknown is the question of a problem that is not known.
var unknown = &Question{}

// Extract returns the answer in text, without knowledge of the problem. See [Question.Extract].
func Extract(text string) (string, bool) { return unknown.Extract(text) }

// Key returns the canonical form of an answer, without knowledge of the problem. See [Question.Key].
func Key(answer string) string { return unknown.Key(answer) }

// Correct reports whether got is a right answer, given the reference want, without knowledge of the problem. See
// [Question.Correct].
func Correct(got, want string) bool { return unknown.Correct(got, want) }

func itoa(n int) string { return strconv.Itoa(n) }
