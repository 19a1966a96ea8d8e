package policytrace_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/policytrace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPolicy(t *testing.T) {
	for _, in := range []*telemetry.Instruments{nil, (*telemetry.Instruments)(nil).OrDiscard()} {
		policytest.Run(t, func(*testing.T) policy.Policy {
			return policytrace.New(policytest.Steps(4, time.Millisecond), "script", in)
		}, policytest.Options{Bubble: true})
	}
}

func TestContentOnlyWhereAskedFor(t *testing.T) {
	for _, content := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := telemetrytest.Setup(t, telemetry.Options{Content: content})
			const problem = "the marmalade is hidden under 4711"
			refuses := &policytest.Script{Reply: func(r policy.Request, _ int) policytest.Reply {
				return policytest.Reply{Err: fmt.Errorf("engine refused %q", r.Problem)}
			}}
			run := policytrace.New(refuses, "script", p.Instruments)
			r := policy.Request{
				Search: "s", Problem: problem, Steps: []string{"1:1\n"}, Ordinals: []int{0}, Span: 1,
				Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 9},
			}
			for range run.Expand(t.Context(), r) {
			}
			metrics, file := telemetrytest.Finish(t, p)
			if got := strings.Count(file, "marmalade"); got == 0 && content || got > 0 && !content {
				t.Errorf("with content %v the trace file has the problem %d times", content, got)
			}
			if !strings.Contains(file, `"status":"error"`) {
				t.Error("the failure is not in the trace file")
			}
			if strings.Contains(metrics, "marmalade") {
				t.Error("/metrics has the problem")
			}
		})
	}
}
