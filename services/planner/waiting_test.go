package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// If the policy throttles, a search waits, publishes one notice, and gets all samples.
func TestThrottledSearchWaits(t *testing.T) {
	throttles := 30
	p := &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		reply := policytest.Steps(1, time.Second).Reply(r, ordinal)
		if throttles > 0 {
			throttles--
			reply.Err = reasoning.WithDelay(fmt.Errorf("429: %w", reasoning.ErrOverloaded), 5*time.Second)
		}
		return reply
	}}
	bubble(t, Config{Policy: p}, func(t *testing.T, p *Planner) {
		r := greedy("busy")
		r.Strategy = search.Majority{N: 4}
		ref := Ref{ID: mustCreate(t, p, r)}
		waiting := 0
		for e, err := range p.Watch(t.Context(), ref, 0) {
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range e.Notices {
				if n.Kind == NoticeWaiting && strings.Contains(n.Text, "429") {
					waiting++
				}
			}
		}
		if waiting != 1 {
			t.Errorf("got %d notices that the search waits, want one", waiting)
		}
		s, err := p.Get(t.Context(), ref)
		if err != nil || s.State != StateSucceeded || s.Outcome.Stop != StopComplete {
			t.Errorf("got %+v and %v, want a complete search", s, err)
		}
	})
}
