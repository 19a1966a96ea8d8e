// Package answer extracts the answer from the text of a solution, and compares answers.
//
// It compares in two ways. Equality of the canonical [Key] is an equivalence relation
// and may group votes. [Correct] is a lenient grader (numeric tolerance, percent,
// unordered sets): it is not transitive and must not group votes. A vote by the grader would
// put 10 and 1000 into one group, because each is equal to 1000%.
//
// All functions are pure, safe for concurrent use and bounded in time on any input, and
// do not panic.
package answer

// MaxLen is the longest answer, in bytes, that is normalised. A longer one is its own
// key and is correct only if it equals the reference.
const MaxLen = 512
