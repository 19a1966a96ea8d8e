package policytest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Reply describes one child of an expansion.
type Reply struct {
	Child  policy.Child    // Expand sets its Ordinal, and its Usage and Generate where they are zero
	Delay  time.Duration   // from the start of the request to the end of the child; Never blocks until ctx ends
	Err    error           // if not nil, is yielded instead of the child and ends the request
	Wasted reasoning.Usage // billed if the request ends before the child is yielded

	// Do, if not nil, is called before the child is yielded, in the caller's
	// goroutine. It may panic or stop a worker.
	Do func()
}

// Never is the Delay of a child that is not yielded before ctx ends.
const Never = time.Duration(math.MaxInt64)

// cutAt returns c up to and including the first occurrence of stop, if there is one.
// A step that is cut has at most a token per byte.
func cutAt(c policy.Child, stop string) policy.Child {
	for i, s := range c.Steps {
		if at := strings.Index(s.Text, stop); stop != "" && at >= 0 {
			s.Text = s.Text[:at+len(stop)]
			s.Tokens = min(s.Tokens, len(s.Text))
			c.Steps, c.Finish = append(slices.Clone(c.Steps[:i]), s), reasoning.FinishStep
			break
		}
	}
	return c
}

// complete returns the reply's child with its Usage and Generate, where they are zero,
// filled in. The first child is charged the prefix.
func complete(reply Reply, r policy.Request, model reasoning.Model, first bool) policy.Child {
	c := reply.Child
	if c.Usage == (reasoning.Usage{}) {
		for _, s := range c.Steps {
			c.Usage.Generated += int64(s.Tokens)
		}
		if first {
			c.Usage.Prompt = int64(len(r.Problem))
			for _, s := range slices.Concat(r.Attempts, r.Steps) {
				c.Usage.Prompt += int64(len(s))
			}
		}
		c.Usage.FLOPs = model.FLOPs(c.Usage.Generated + c.Usage.Prompt)
	}
	if c.Generate == 0 {
		c.Generate = reply.Delay
	}
	return c
}
