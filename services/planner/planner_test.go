package planner

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// bubble runs body with a planner in a synctest bubble. The default policy takes ten seconds for
// a solution.
func bubble(t *testing.T, c Config, body func(t *testing.T, p *Planner)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if c.Policy == nil {
			c.Policy = policytest.Steps(1, 10*time.Second)
		}
		p := New(c)
		defer p.Close()
		body(t, p)
	})
}

func greedy(problem string) Request { return Request{Problem: problem, Strategy: search.Greedy{}} }

func mustCreate(t *testing.T, p *Planner, r Request) string {
	t.Helper()
	s, err := p.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func TestList(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		var ids []string
		for i := range 5 {
			ids = append(ids, mustCreate(t, p, greedy(fmt.Sprint(i))))
		}
		other := greedy("other")
		other.Tenant = "other"
		mustCreate(t, p, other)
		var got []string
		for r := (ListRequest{PageSize: 2}); ; {
			page, err := p.List(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Items {
				got = append(got, s.ID)
			}
			if r.PageToken = page.Next; r.PageToken == "" {
				break
			}
		}
		if len(got) != 5 || got[0] != ids[4] || got[4] != ids[0] {
			t.Errorf("got %v, want %v backwards", got, ids)
		}
	})
}

// A search for which no worker pulls jobs publishes one notice, and begins without delay.
func TestSearchWithoutWorkersPublishesNotice(t *testing.T) {
	for _, attended := range []bool{true, false} {
		bubble(t, Config{Attended: func() bool { return attended }}, func(t *testing.T, p *Planner) {
			id := mustCreate(t, p, greedy("1"))
			began := time.Now()
			var notices []Notice
			for e, err := range p.Watch(t.Context(), Ref{ID: id}, 0) {
				if err != nil {
					t.Fatal(err)
				}
				notices = append(notices, e.Notices...)
			}
			queued := len(notices) == 1 && notices[0].Kind == NoticeQueued
			if queued == attended || attended && len(notices) > 0 {
				t.Errorf("attended %v: notices %+v", attended, notices)
			}
			if got, want := time.Since(began), 10*time.Second; got != want {
				t.Errorf("took %v, want %v", got, want)
			}
		})
	}
}

// Plan returns the plan that a search for the same request follows.
func TestPlanIsThatOfTheSearch(t *testing.T) {
	bubble(t, Config{Verifier: verifiertest.Steps(0)}, func(t *testing.T, p *Planner) {
		r := Request{Problem: "1", Effort: EffortHigh}
		planned, err := p.Plan(t.Context(), r)
		if err != nil || planned.Estimate != nil {
			t.Fatalf("estimate %v, error %v; want none, as there is no estimator", planned.Estimate, err)
		}
		id := mustCreate(t, p, r)
		time.Sleep(time.Minute)
		got, err := p.Get(t.Context(), Ref{ID: id})
		if err != nil || got.Plan == nil || *got.Plan != planned.Plan {
			t.Errorf("got plan %+v and error %v, want %+v", got.Plan, err, planned.Plan)
		}
		if len(p.cfg.Policy.(*policytest.Script).Calls()) != 1 {
			t.Error("Plan called the policy")
		}
	})
}
