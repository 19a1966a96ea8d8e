package planner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A search with NoStore uses no results of other searches, and they use none of its results.
func TestNoStore(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		stored, apart := greedy("1"), greedy("1")
		apart.NoStore = true
		calls := func() int { return len(p.cfg.Policy.(*policytest.Script).Calls()) }
		for _, test := range []struct {
			request Request
			want    int // calls of the policy so far
		}{{apart, 1}, {stored, 2}, {apart, 3}, {stored, 3}} {
			mustCreate(t, p, test.request)
			time.Sleep(time.Minute)
			if got := calls(); got != test.want {
				t.Errorf("no store %v: %d calls, want %d", test.request.NoStore, got, test.want)
			}
		}
	})
}

// unwritable is a Store whose disk is full.
type unwritable struct{ backend.Store }

func (unwritable) Put(context.Context, ...backend.Item) error { return errors.New("no space left") }

// A search continues when its results cannot be recorded; it publishes one notice, and the metric
// counts each result.
func TestUnrecorded(t *testing.T) {
	for _, full := range []bool{true, false} {
		var store backend.Store = backend.NewMemory(1 << 20)
		if full {
			store = unwritable{store}
		}
		tel := telemetrytest.Setup(t, telemetry.Options{})
		c := Config{Verifier: verifiertest.Steps(0), Store: store, Telemetry: tel.Instruments}
		bubble(t, c, func(t *testing.T, p *Planner) {
			ref := Ref{ID: mustCreate(t, p, Request{Problem: "1", Strategy: search.BestOfN{N: 4}})}
			time.Sleep(time.Minute)
			var notices []Notice
			for e, err := range p.Watch(t.Context(), ref, 0) {
				if err != nil {
					t.Fatal(err)
				}
				notices = append(notices, e.Notices...)
			}
			if s, err := p.Get(t.Context(), ref); err != nil || s.State != StateSucceeded {
				t.Errorf("full %v: search %v and error %v, want it to succeed", full, s.State, err)
			}
			noticed := len(notices) == 1 && notices[0].Kind == NoticeDegraded && strings.Contains(notices[0].Text, "no space left")
			if noticed != full || !full && len(notices) > 0 {
				t.Errorf("full %v: notices %v", full, notices)
			}
		})
		metrics, _ := telemetrytest.Finish(t, tel)
		counted := strings.Contains(metrics, "ponder_store_failures_total 8.0") // of four children and their scores
		if counted != full {
			t.Errorf("full %v: counted %v", full, counted)
		}
	}
}
