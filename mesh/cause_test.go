package mesh_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// The outcome has one line for one cause: the error if all children failed, otherwise a degradation
// with the number of children.
func TestOutcomeHasOneLineForOneCause(t *testing.T) {
	refused := reasoning.NewError(reasoning.KindPrecondition, "OF_A_TEST", "401 (set PONDER_POLICY_API_KEY)")
	for _, c := range []struct {
		name     string
		err      error
		strategy search.Strategy
		fails    func(r policy.Request) bool
		want     string // the error
		degraded string
	}{
		{"all 64 samples, final", refused, majority(64), func(policy.Request) bool { return true }, "401", ""},
		{"all 64 samples, given up", fmt.Errorf("out of memory"), majority(64), func(policy.Request) bool { return true },
			"job given up after 4 attempts: out of memory", ""},
		{"12 of 16 children of a level", fmt.Errorf("out of memory"), beam(16, 4),
			func(r policy.Request) bool { return r.Depth() == 1 && !strings.HasPrefix(r.Node, "0") }, "",
			"some children failed: job given up after 4 attempts: out of memory (12 times)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
				engine := policytest.Steps(2, time.Second)
				reply := engine.Reply
				engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
					if c.fails(r) {
						return policytest.Reply{Err: c.err}
					}
					return reply(r, ordinal)
				}
				m := start(t, s, mesh.Config{Policy: engine, Verifier: verifiertest.Steps(0), Workers: 3})
				outcome, _ := solve(t, m, requestFor(c.strategy))
				if got := fmt.Sprint(outcome.Err); c.want != "" && !strings.HasPrefix(got, c.want) {
					t.Errorf("the error is %s, want %s", got, c.want)
				}
				if got := strings.Join(outcome.Degraded, "\n"); got != c.degraded {
					t.Errorf("degraded:\n%s\nwant %s", got, c.degraded)
				}
			})
		})
	}
}
