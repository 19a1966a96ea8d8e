// Package answer finds the answer in a solution's text and compares answers.
//
// Two comparisons are kept apart on purpose. [Same] is equality of a canonical
// [Key] and so an equivalence relation: it may group votes. [Correct] is a
// lenient grader (numeric tolerance, percent, unordered sets): it is not
// transitive and must never group votes. Peers that vote with their grader
// count 10 and 1000 as one answer through the percent rule.
//
// Everything here is pure, safe for concurrent use, bounded in time on any
// input, and never panics.
package answer

// MaxLen is the longest answer, in bytes, that is normalised. A longer one is
// its own key and is correct only if it equals the wanted text.
const MaxLen = 512

// Same reports whether a and b are the same answer up to notation. It is an
// equivalence relation: reflexive, symmetric and transitive.
func Same(a, b string) bool { return Key(a) == Key(b) }
