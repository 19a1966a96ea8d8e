package planner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
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

func TestMaxActive(t *testing.T) {
	bubble(t, Config{MaxActive: 2}, func(t *testing.T, p *Planner) {
		mustCreate(t, p, greedy("1"))
		mustCreate(t, p, greedy("2"))
		if _, err := p.Create(t.Context(), greedy("3")); !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got %v, want ErrOverloaded", err)
		}
		keyed := greedy("2")
		time.Sleep(11 * time.Second)
		keyed.IdempotencyKey = "k"
		id := mustCreate(t, p, keyed)
		mustCreate(t, p, greedy("4"))
		if got := mustCreate(t, p, keyed); got != id {
			t.Errorf("at its limit the planner created %s, want the existing search %s", got, id)
		}
	})
}

func TestMaxKept(t *testing.T) {
	bubble(t, Config{MaxKept: 3}, func(t *testing.T, p *Planner) {
		slow := greedy("slow")
		slow.Strategy = search.Majority{N: 2}
		p.cfg.Policy = &policytest.Script{Reply: func(r policy.Request, o int) policytest.Reply {
			l := policytest.Steps(1, time.Second).Reply(r, o)
			if r.Problem == "slow" {
				l.Delay = time.Hour
			}
			return l
		}}
		slow.Deadline = time.Now().Add(2 * time.Hour)
		running := mustCreate(t, p, slow)
		var ids []string
		for i := range 6 {
			r := greedy(fmt.Sprint(i))
			r.IdempotencyKey = fmt.Sprint("key ", i)
			ids = append(ids, mustCreate(t, p, r))
			time.Sleep(2 * time.Second)
		}
		for i, id := range append(ids, running) {
			_, err := p.Get(t.Context(), Ref{ID: id})
			if kept := i >= 2; kept != (err == nil) || !kept && !errors.Is(err, ErrNotFound) {
				t.Errorf("search %d: got %v, want it kept: %v", i, err, kept)
			}
		}
		page, err := p.List(t.Context(), ListRequest{})
		if got := page.Items; err != nil || len(got) != 5 || got[0].ID != ids[5] || got[4].ID != running {
			t.Errorf("listed %d searches, want the 4 newest and the one that runs", len(got))
		}
		again := greedy("0")
		again.IdempotencyKey = "key 0"
		if id := mustCreate(t, p, again); id == ids[0] {
			t.Error("the key of a forgotten search still finds it")
		}
	})
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

func TestPlannerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Policy: policytest.Steps(1, time.Hour)})
		id := mustCreate(t, p, greedy("1"))
		synctest.Wait()
		p.Close()
		got, err := p.Get(t.Context(), Ref{ID: id})
		if err != nil || got.State != StateFailed || !errors.Is(got.Outcome.Err, ErrClosed) {
			t.Errorf("got %+v and error %v, want the search ended by ErrClosed", got, err)
		}
		if _, err := p.Create(t.Context(), greedy("2")); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// Cancel removes the search's jobs from the queue; if that fails, the outcome has a text about it.
func TestCancelRemovesJobs(t *testing.T) {
	var removed []string
	fail := errors.New("queue is down")
	bubble(t, Config{CancelJobs: recordJobs(&removed, fail)}, func(t *testing.T, p *Planner) {
		id := mustCreate(t, p, greedy("1"))
		time.Sleep(time.Second)
		got, err := p.Cancel(t.Context(), Ref{ID: id})
		if err != nil || got.State != StateCancelled || !errors.Is(got.Outcome.Err, ErrCancelled) {
			t.Errorf("got %+v and error %v, want it cancelled", got, err)
		}
		if len(removed) != 1 || removed[0] != id {
			t.Errorf("removed the jobs of %v, want %s", removed, id)
		}
		if d := strings.Join(got.Outcome.Degraded, ""); !strings.Contains(d, fail.Error()) {
			t.Errorf("degraded %q, want the error of CancelJobs", d)
		}
		whole := mustCreate(t, p, greedy("2"))
		time.Sleep(11 * time.Second)
		if _, err := p.Cancel(t.Context(), Ref{ID: whole}); err != nil || len(removed) != 1 {
			t.Errorf("cancelling an ended search: error %v, removed the jobs of %v", err, removed)
		}
	})
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

// recordJobs returns a CancelJobs that appends the search to searches and returns err.
func recordJobs(searches *[]string, err error) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		*searches = append(*searches, id)
		return err
	}
}

// Idempotency keys of different tenants are independent, whatever the tenants' names.
func TestKeysBelongToTenants(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		a, b := greedy("1"), greedy("1")
		a.Tenant, a.IdempotencyKey = "t", "\x00k"
		b.Tenant, b.IdempotencyKey = "t\x00", "k"
		if one, other := mustCreate(t, p, a), mustCreate(t, p, b); one == other {
			t.Errorf("both tenants got search %s", one)
		}
	})
}

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

// The same request with the same key returns the same search, even after its deadline; another
// request with that key is an error; and a new search needs a deadline in the future.
func TestCreateAgain(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		r := greedy("1")
		r.IdempotencyKey, r.Deadline = "k", time.Now().Add(time.Minute)
		id := mustCreate(t, p, r)
		time.Sleep(time.Hour)
		if got := mustCreate(t, p, r); got != id {
			t.Errorf("after its deadline the request created %s, want the existing search %s", got, id)
		}
		r.Seed = ptr(reasoning.Seed(1))
		if got := mustCreate(t, p, r); got != id {
			t.Errorf("with an explicit default the request created %s, want the existing search %s", got, id)
		}
		r.Seed = ptr(reasoning.Seed(0))
		if _, err := p.Create(t.Context(), r); !errors.Is(err, ErrExists) {
			t.Errorf("with seed 0: got %v, want ErrExists", err)
		}
		r.IdempotencyKey = "another"
		var rule *reasoning.InvalidError
		if _, err := p.Create(t.Context(), r); !errors.As(err, &rule) || rule.Field != "deadline" {
			t.Errorf("a new search with a deadline that has passed: got %v, want deadline refused", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

// The nodes that a search was waiting for when it ended are cancelled, and not failed.
func TestNodesOfACancelledSearch(t *testing.T) {
	for reason, end := range map[string]func(context.Context, *Planner, Ref) error{
		ErrCancelled.Error(): func(ctx context.Context, p *Planner, ref Ref) error {
			_, err := p.Cancel(ctx, ref)
			return err
		},
		context.DeadlineExceeded.Error(): func(context.Context, *Planner, Ref) error {
			time.Sleep(time.Second)
			return nil
		},
	} {
		bubble(t, Config{}, func(t *testing.T, p *Planner) {
			r := greedy("1")
			r.Deadline = time.Now().Add(2 * time.Second)
			ref := Ref{ID: mustCreate(t, p, r)}
			time.Sleep(1500 * time.Millisecond)
			if err := end(t.Context(), p, ref); err != nil {
				t.Fatal(err)
			}
			page, err := p.Nodes(t.Context(), NodesRequest{Ref: ref})
			if err != nil || len(page.Items) != 1 || page.Items[0].State != search.StateCancelled || page.Items[0].Reason != reason {
				t.Errorf("got nodes %+v and error %v, want one that is cancelled: %s", page.Items, err, reason)
			}
		})
	}
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
