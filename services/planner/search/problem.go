package search

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Problem is the input of a search: the text, the sampling parameters, and how answers are
// found and compared.
type Problem struct {
	Tenant     string
	Search     string // the search's id
	Text       string
	Seed       reasoning.Seed
	Sampling   reasoning.Sampling
	Aggregator verifier.Aggregator // combines the scores of a path into a node's Value; 0 is Min
	// Extract finds the answer in a solution's text, as answer.Extract does. If it is nil, no
	// solution has an answer.
	Extract func(text string) (answer string, ok bool)
	// Key maps equivalent answers to one string, as answer.Key does. The lenient comparison of
	// answer.Correct cannot be a Key, because it is no equivalence relation. Nil maps each answer
	// to itself.
	Key func(answer string) string
}

// key returns Key(answer), or the answer itself without a Key.
func (p Problem) key(answer string) string {
	if p.Key == nil {
		return answer
	}
	return p.Key(answer)
}
