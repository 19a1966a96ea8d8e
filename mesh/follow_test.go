package mesh_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/plannertest"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// Without a worker a search is queued, with a notice, and it runs when a worker starts.
func TestSearchIsQueuedUntilAWorkerStarts(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := policytest.Steps(1, 10*time.Second)
		m := start(t, s, mesh.Config{Policy: engine, Workers: -1})
		began := time.Now()
		id := begin(t, m, requestFor(majority(4)))
		time.Sleep(time.Minute)
		if got := get(t, m, id); got.State != planner.StateQueued {
			t.Errorf("after a minute without a worker the state is %v", got.State)
		}
		startWorker(t, s, "late", engine)
		events := watch(t, m, planner.Ref{ID: id}, 0)
		took(t, began, 70*time.Second)
		complete(t, events[len(events)-1].Outcome)
		if got := notices(events); len(got) != 1 {
			t.Errorf("notices %q, want one", got)
		}
		synctest.Wait() // the worker pulls again
		again := requestFor(majority(4))
		again.Problem = "with a worker"
		if _, events := solve(t, m, again); len(notices(events)) > 0 {
			t.Errorf("notices %q, want none", notices(events))
		}
	})
}

// notices returns the texts of the notices in events.
func notices(events []planner.Event) (all []string) {
	for _, e := range events {
		for _, n := range e.Notices {
			all = append(all, n.Text)
		}
	}
	return all
}

// A search continues after its client disconnects, unless the request has CancelOnDisconnect.
func TestDisconnect(t *testing.T) {
	for _, c := range []struct {
		name   string
		cancel bool
		want   planner.State
		took   time.Duration
	}{
		{"keeps the search", false, planner.StateSucceeded, 10 * time.Second},
		{"cancels with CancelOnDisconnect", true, planner.StateCancelled, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
				m := start(t, s, mesh.Config{Policy: policytest.Steps(1, 10*time.Second)})
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				stream, err := wire(m).Solve(ctx, &plannerv1.SolveRequest{
					Spec: plannerrpc.SpecToProto(requestFor(majority(4))), CancelOnDisconnect: c.cancel,
				})
				if err != nil {
					t.Fatal(err)
				}
				response, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				id := response.GetEvent().GetSearchId()
				time.Sleep(5 * time.Second)
				leave()
				synctest.Wait() // until the planner has noticed: another watcher would keep the search
				events := watch(t, m, planner.Ref{ID: id}, 0)
				last := events[len(events)-1]
				if got := last.State; got != c.want {
					t.Errorf("state %v, want %v", got, c.want)
				}
				if got := last.Outcome.Elapsed; got != c.took {
					t.Errorf("ended after %v, want %v", got, c.took)
				}
			})
		})
	}
}

// A client, even a slow one, can watch after any sequence number, also when the search has ended.
func TestWatchFromEverySequenceNumber(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{
			Policy: policytest.Steps(3, 10*time.Second), Verifier: verifiertest.Steps(time.Second),
		})
		ref := planner.Ref{ID: begin(t, m, requestFor(beam(8, 4)))}
		type followed struct {
			after  int64
			events []planner.Event
		}
		live := make(chan followed)
		const watchers = 40
		for i := range watchers {
			go func() {
				time.Sleep(time.Duration(i) * time.Second) // the search takes 33 s
				f := followed{after: get(t, m, ref.ID).Sequence - int64(i%3)}
				for e, err := range m.Planner.Watch(context.Background(), ref, f.after) {
					if err != nil {
						t.Error(err)
					}
					f.events = append(f.events, e)
					time.Sleep(time.Duration(i%5) * time.Second)
				}
				live <- f
			}()
		}
		var all []followed
		for range watchers {
			all = append(all, <-live)
		}
		last := get(t, m, ref.ID).Sequence
		for _, f := range all {
			plannertest.Contiguous(t, f.after, f.events, last)
		}
		whole := watch(t, m, ref, 0)
		plannertest.Contiguous(t, 0, whole, last)
		plannertest.SameTree(t, m.Planner, ref, plannertest.Tree(whole))
		for after := whole[0].First; after < last; after++ {
			plannertest.Contiguous(t, after, watch(t, m, ref, after), last)
		}
		if events := watch(t, m, ref, last); len(events) > 0 {
			t.Errorf("got events %v after the last, want none", events)
		}
	})
}

// The same request with the same idempotency key gets the first search; another request with that
// key is refused; keys of different tenants are independent.
func TestIdempotencyKey(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := policytest.Steps(1, 10*time.Second)
		m := start(t, s, mesh.Config{Policy: engine, Verifier: verifiertest.Steps(0)})
		request := func(strategy search.Strategy, key, tenant string) planner.Request {
			r := requestFor(strategy)
			r.IdempotencyKey, r.Tenant = key, tenant
			return r
		}
		first := begin(t, m, request(majority(4), "k", ""))
		time.Sleep(3 * time.Second)
		_, events := solve(t, m, request(majority(4), "k", ""))
		if got := events[0].Search; got != first {
			t.Errorf("the same key got search %s, want %s", got, first)
		}
		if got := len(engine.Calls()); got != 1 {
			t.Errorf("the engine was called %d times, want once", got)
		}
		for _, other := range []planner.Request{request(majority(5), "k", ""), request(bestOf(4), "k", "")} {
			if _, err := m.Planner.Create(t.Context(), other); !errors.Is(err, planner.ErrExists) {
				t.Errorf("%v: got %v, want ErrExists", other, err)
			}
		}
		for _, other := range []planner.Request{
			request(majority(4), "", ""), request(majority(4), "l", ""), request(majority(4), "k", "other"),
		} {
			_, events := solve(t, m, other)
			if got := events[0].Search; got == first {
				t.Errorf("%v got the first search", other)
			}
		}
	})
}

// A tenant cannot get or list the searches of another.
func TestTenantsAreIsolated(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{Policy: policytest.Steps(1, time.Second)})
		request := requestFor(majority(1))
		request.Tenant = "a"
		_, events := solve(t, m, request)
		id := events[0].Search
		_, err := m.Planner.Get(t.Context(), planner.Ref{Tenant: "b", ID: id})
		if !errors.Is(err, planner.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		var listed []int
		for _, tenant := range []string{"a", "b"} {
			list, err := m.Planner.List(t.Context(), planner.ListRequest{Tenant: tenant})
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, len(list.Items))
		}
		if want := []int{1, 0}; !slices.Equal(listed, want) {
			t.Errorf("tenants a and b list %v searches, want %v", listed, want)
		}
		synctest.Wait()
	})
}
