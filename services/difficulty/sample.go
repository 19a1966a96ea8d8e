package difficulty

import (
	"cmp"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A sample is a child with its final score.
type sample struct {
	child  policy.Child
	cost   reasoning.Cost // with that of scoring
	answer string         // see answerOf
	score  float64        // by the verifier or, 0 or 1, by correct
	scored bool           // by the verifier
}

func byOrdinal(a, b sample) int { return cmp.Compare(a.child.Ordinal, b.child.Ordinal) }

// answerOf returns the key of the child's answer to q, or "" if the child has none.
func answerOf(q *answer.Question, c policy.Child) string {
	if c.Finish != reasoning.FinishEnd {
		return ""
	}
	text, ok := q.Extract(reasoning.Join(c.Steps))
	if !ok {
		return ""
	}
	return q.Key(text)
}
