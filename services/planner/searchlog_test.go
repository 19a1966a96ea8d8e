package planner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// records returns the records of a log of JSON lines, without their times.
func records(t *testing.T, log *bytes.Buffer) (records []map[string]any) {
	t.Helper()
	for decoder := json.NewDecoder(log); decoder.More(); {
		var record map[string]any
		if err := decoder.Decode(&record); err != nil {
			t.Fatal(err)
		}
		delete(record, slog.TimeKey)
		records = append(records, record)
	}
	return records
}

// A search has one record when it is accepted and one when it ends, with the bill that clients see, and without the
// text of the problem.
func TestSearchLog(t *testing.T) {
	const secret = "how many apples"
	broken := &policytest.Script{Reply: func(r policy.Request, _ int) policytest.Reply {
		return policytest.Reply{Err: fmt.Errorf("%w: cannot read %q", policy.ErrModel, r.Problem)}
	}}
	strategy := search.BestOfN{N: 4}
	for name, c := range map[string]struct {
		policy   policy.Policy
		request  Request
		cancel   bool
		accepted string // strategy
		end      map[string]any
	}{
		"complete": {nil, Request{Strategy: strategy}, false, "best-of-n",
			map[string]any{"strategy": "best-of-n", "state": "succeeded", "stop": "complete", "seconds": 10.0, "degraded": 0.0}},
		"planned": {nil, Request{Effort: EffortHigh}, false, "planned",
			map[string]any{"strategy": "best-of-n", "state": "succeeded", "stop": "complete", "seconds": 10.0, "degraded": 0.0}},
		"cancelled": {nil, Request{Strategy: strategy}, true, "best-of-n",
			map[string]any{"strategy": "best-of-n", "state": "cancelled", "stop": "cancelled", "seconds": 1.0, "degraded": 0.0,
				"reason": "CANCELLED_BY_CLIENT"}},
		"failed": {broken, Request{Strategy: strategy}, false, "best-of-n",
			map[string]any{"strategy": "best-of-n", "state": "failed", "stop": "error", "seconds": 0.0, "degraded": 0.0,
				"reason": "MODEL_NOT_SERVED"}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			config := Config{
				Policy: c.policy, Verifier: verifiertest.Steps(0), Log: slog.New(slog.NewJSONHandler(&log, nil)),
			}
			bubble(t, config, func(t *testing.T, p *Planner) {
				span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
				ctx := trace.ContextWithSpanContext(t.Context(), span)
				c.request.Tenant, c.request.IdempotencyKey = "acme", "k"
				if _, err := p.Create(ctx, c.request); err == nil {
					t.Fatal("a request without a problem is accepted")
				}
				c.request.Problem = secret
				c.request.Deadline = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
				s, err := p.Create(ctx, c.request)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if c.cancel {
					if _, err := p.Cancel(ctx, Ref{ID: s.ID, Tenant: "acme"}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Minute)
				if again, err := p.Create(ctx, c.request); err != nil || again.ID != s.ID {
					t.Fatalf("with the same key: search %s and error %v, want %s", again.ID, err, s.ID)
				}
				if s, err = p.Get(ctx, Ref{ID: s.ID, Tenant: "acme"}); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(log.String(), secret) {
					t.Errorf("the log has the problem: %s", &log)
				}
				if quoted := s.Outcome.Err != nil && strings.Contains(s.Outcome.Err.Error(), secret); quoted != (name == "failed") {
					t.Errorf("the outcome has error %v", s.Outcome.Err)
				}
				total := s.Bill.Total()
				if (total.Generated > 0) != (s.State == StateSucceeded) {
					t.Errorf("search %v has bill %+v", s.State, s.Bill)
				}
				c.end["msg"] = "search ended"
				c.end["bill"] = map[string]any{
					"generated": float64(total.Generated), "prompt": float64(total.Prompt), "cached": float64(total.Cached),
					"verifier": float64(total.Verifier), "flops": total.FLOPs,
				}
				want := []map[string]any{
					{"msg": "search accepted", "strategy": c.accepted, "deadline": "2100-01-01T00:00:00Z"}, c.end,
				}
				for _, record := range want {
					record["level"], record["search"], record["tenant"] = "INFO", s.ID, "acme"
					record["trace_id"] = span.TraceID().String()
				}
				if diff := cmp.Diff(want, records(t, &log)); diff != "" {
					t.Errorf("records: want -, got +:\n%s", diff)
				}
			})
		})
	}
}

// The record of a search's end has what was wasted, by cause.
func TestSearchLogHasWaste(t *testing.T) {
	var log bytes.Buffer
	attempts := 0
	steps := policytest.Steps(1, 0)
	failing := &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		reply := steps.Reply(r, ordinal)
		if attempts++; attempts == 1 {
			reply.Err, reply.Wasted.Generated = reasoning.ErrUnavailable, 7
		}
		return reply
	}}
	bubble(t, Config{Policy: failing, Log: slog.New(slog.NewJSONHandler(&log, nil))}, func(t *testing.T, p *Planner) {
		mustCreate(t, p, greedy("1"))
		time.Sleep(time.Minute)
		synctest.Wait()
		all := records(t, &log)
		want := map[string]any{"failed": 7.0}
		if diff := cmp.Diff(all[len(all)-1]["waste"], any(want)); diff != "" {
			t.Errorf("waste: got -, want +\n%s", diff)
		}
	})
}

// An error of no known kind and a search outside of a trace have no attributes for them.
func TestSearchLogWithout(t *testing.T) {
	var log bytes.Buffer
	failing := &policytest.Script{Reply: func(policy.Request, int) policytest.Reply {
		return policytest.Reply{Err: errors.New("disk full")}
	}}
	bubble(t, Config{Policy: failing, Log: slog.New(slog.NewJSONHandler(&log, nil))}, func(t *testing.T, p *Planner) {
		mustCreate(t, p, greedy("1"))
		time.Sleep(time.Minute)
	})
	got := records(t, &log)
	if len(got) != 2 || got[1]["state"] != "failed" {
		t.Fatalf("got %v, want the records of a search that failed", got)
	}
	for _, record := range got {
		if record["trace_id"] != nil || record["reason"] != nil {
			t.Errorf("got %v, want no trace and no reason", record)
		}
	}
}
