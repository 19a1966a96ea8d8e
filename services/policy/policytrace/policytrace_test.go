package policytrace_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/internal/tracefile"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/policytrace"
)

func provider() string { return "script" }

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPolicy(t *testing.T) {
	for _, in := range []*telemetry.Instruments{nil, (*telemetry.Instruments)(nil).OrDiscard()} {
		policytest.Run(t, func(*testing.T) policy.Policy {
			return policytrace.New(policytest.Steps(4, time.Millisecond), provider, in)
		}, policytest.Options{Bubble: true, ReportsProgress: true})
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
			run := policytrace.New(refuses, provider, p.Instruments)
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

// Each child of a fork of 256 has an event with its ordinal, time, tokens and finish, so that the straggler is seen.
func TestChildrenAreEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := telemetrytest.Setup(t, telemetry.Options{})
		const n, straggler = 256, 7
		script := &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
			child := policy.Child{Steps: []reasoning.Step{{Text: "1:1\n", Tokens: 4}}, Finish: reasoning.FinishStep}
			child.Usage.Generated = int64(ordinal) + 1
			reply := policytest.Reply{Child: child, Delay: time.Second}
			if ordinal == straggler {
				reply.Delay, reply.Child.Finish = time.Minute, reasoning.FinishLength
			}
			return reply
		}}
		r := policy.Request{Search: "s", Problem: "p", Span: 1, Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 9}}
		for ordinal := range n {
			r.Ordinals = append(r.Ordinals, ordinal)
		}
		for _, err := range policytrace.New(script, provider, p.Instruments).Expand(t.Context(), r) {
			if err != nil {
				t.Error(err)
			}
		}
		_, file := telemetrytest.Finish(t, p)
		seen := map[int]bool{}
		if _, err := tracefile.Read(strings.NewReader(file), func(s *tracefile.Span) {
			for _, e := range s.Events {
				number := func(key string) float64 { n, _ := e.Attributes[key].(float64); return n }
				ordinal := int(number(names.ChildOrdinal))
				seen[ordinal] = true
				seconds, finish := 1.0, "step"
				if ordinal == straggler {
					seconds, finish = 60, "length"
				}
				if e.Name != names.EventChild || number(names.ChildSeconds) != seconds || e.Attributes[names.ChildFinish] != finish ||
					number(names.GenAIOutputTokens) != float64(ordinal)+1 || e.Time-s.Start != int64(seconds*1e9) {
					t.Errorf("child %d has event %+v, %v after the request", ordinal, e, time.Duration(e.Time-s.Start))
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if len(seen) != n {
			t.Errorf("events of %d children, want %d", len(seen), n)
		}
	})
}
