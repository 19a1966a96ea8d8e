package mesh_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// Without a worker a search is queued, says so, and runs when one comes.
func TestQueuedUntilAWorkerComes(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := policytest.Steps(1, 10*time.Second)
		m := start(t, s, mesh.Config{Policy: engine, Workers: -1})
		began := time.Now()
		id, _ := begin(t, m, ask(majority(4)))
		time.Sleep(time.Minute)
		if got := get(t, m, id); got.GetState() != plannerv1.SearchState_SEARCH_STATE_QUEUED {
			t.Errorf("after a minute without a worker the state is %v", got.GetState())
		}
		startWorker(t, s, "late", engine)
		events := watch(t, m, id, 0)
		took(t, began, 70*time.Second)
		complete(t, events[len(events)-1].GetOutcome())
		if got := notices(events); len(got) != 1 {
			t.Errorf("notices %q, want one that no worker is there", got)
		}
		synctest.Wait() // the worker pulls again
		again := ask(majority(4))
		again.Spec.Problem = "with a worker"
		if _, events := solve(t, m, again); len(notices(events)) > 0 {
			t.Errorf("notices %q, want none", notices(events))
		}
	})
}

func notices(events []*plannerv1.SearchEvent) (all []string) {
	for _, e := range events {
		for _, n := range e.GetNotices() {
			all = append(all, n.GetText())
		}
	}
	return all
}

func TestClosingTheStream(t *testing.T) {
	for _, c := range []struct {
		name   string
		cancel bool
		want   plannerv1.SearchState
		took   time.Duration
	}{
		{"detaches", false, plannerv1.SearchState_SEARCH_STATE_SUCCEEDED, 10 * time.Second},
		{"cancels if asked to", true, plannerv1.SearchState_SEARCH_STATE_CANCELLED, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
				m := start(t, s, mesh.Config{Policy: policytest.Steps(1, 10*time.Second)})
				request := ask(majority(4))
				request.CancelOnDisconnect = c.cancel
				id, leave := begin(t, m, request)
				time.Sleep(5 * time.Second)
				leave()
				synctest.Wait() // the server has seen the disconnect; a follower before that would keep the search
				events := watch(t, m, id, 0)
				last := events[len(events)-1]
				if got := last.GetState(); got != c.want {
					t.Errorf("state %v, want %v", got, c.want)
				}
				if got := last.GetOutcome().GetElapsed().AsDuration(); got != c.took {
					t.Errorf("ended after %v, want %v", got, c.took)
				}
			})
		})
	}
}

// A client can go on from any number, also a slow one, also after the end.
func TestWatchFromEverySequenceNumber(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{Policy: policytest.Steps(3, 10*time.Second), Verifier: verifiertest.Steps(time.Second)})
		id, _ := begin(t, m, ask(beam(8, 4)))
		type followed struct {
			after  int64
			events []*plannerv1.SearchEvent
		}
		live := make(chan followed)
		const watchers = 40
		for i := range watchers {
			go func() {
				time.Sleep(time.Duration(i) * time.Second) // the search takes 33 s
				after := get(t, m, id).GetSequence() - int64(i%3)
				ctx, stop := context.WithCancel(context.Background())
				defer stop()
				stream, err := wire(m).WatchSearch(ctx, &plannerv1.WatchSearchRequest{SearchId: id, AfterSequence: after})
				if err != nil {
					t.Error(err)
				}
				events, err := drain(slow{stream, time.Duration(i%5) * time.Second}, err)
				if err != nil {
					t.Error(err)
				}
				live <- followed{after, events}
			}()
		}
		for range watchers {
			f := <-live
			contiguous(t, f.after, f.events, get(t, m, id).GetSequence())
		}

		ended := get(t, m, id)
		want := nodes(t, m, id)
		last := map[string]*plannerv1.Node{}
		all := watch(t, m, id, 0)
		for _, e := range all {
			for _, n := range e.GetNodes() {
				last[n.GetNodeId()] = n
			}
		}
		for _, n := range want {
			if diff := cmp.Diff(last[n.GetNodeId()], n, protocmp.Transform()); diff != "" {
				t.Errorf("node as watched -, as listed +\n%s", diff)
			}
			delete(last, n.GetNodeId())
		}
		if len(last) > 0 {
			t.Errorf("nodes %v are watched, not listed", last)
		}
		contiguous(t, 0, watch(t, m, id, 0), ended.GetSequence())
		for after := epoch; after < ended.GetSequence(); after++ {
			contiguous(t, after, watch(t, m, id, after), ended.GetSequence())
		}
		if events := watch(t, m, id, ended.GetSequence()); len(events) > 0 {
			t.Errorf("nothing is new, but %v comes", events)
		}
	})
}

type slow struct {
	stream receiver[*plannerv1.WatchSearchResponse]
	pause  time.Duration
}

func (s slow) Recv() (*plannerv1.WatchSearchResponse, error) {
	time.Sleep(s.pause)
	return s.stream.Recv()
}

// epoch is where the numbers of a search begin that no other planner had before.
const epoch = int64(1) << 32

// contiguous checks that events tell all changes from after to last once, and that
// exactly the last of them is terminal.
func contiguous(t *testing.T, after int64, events []*plannerv1.SearchEvent, last int64) {
	t.Helper()
	next := max(after, epoch) + 1
	for i, e := range events {
		if e.GetFirstSequence() != next || e.GetSequence() < next {
			t.Errorf("after %d: event %d tells %d to %d, want it to start with %d", after, i, e.GetFirstSequence(), e.GetSequence(), next)
		}
		next = e.GetSequence() + 1
		terminal := e.GetState() >= plannerv1.SearchState_SEARCH_STATE_SUCCEEDED
		if isLast := i == len(events)-1; terminal != isLast || (e.GetOutcome() != nil) != isLast {
			t.Errorf("after %d: event %d of %d has state %v and outcome %v", after, i, len(events), e.GetState(), e.GetOutcome())
		}
	}
	if next != last+1 {
		t.Errorf("after %d: events end before %d, want %d", after, next, last+1)
	}
}

func TestIdempotencyKey(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := policytest.Steps(1, 10*time.Second)
		m := start(t, s, mesh.Config{Policy: engine, Verifier: verifiertest.Steps(0)})
		request := func(strategy *plannerv1.Strategy, key, tenant string) *plannerv1.SolveRequest {
			r := ask(strategy)
			r.IdempotencyKey, r.Tenant = key, tenant
			return r
		}
		first, leave := begin(t, m, request(majority(4), "k", ""))
		leave()
		time.Sleep(3 * time.Second)
		_, events := solve(t, m, request(majority(4), "k", ""))
		if got := events[0].GetSearchId(); got != first || events[0].GetFirstSequence() != epoch+1 {
			t.Errorf("the same key follows %s from %d, want %s from %d", got, events[0].GetFirstSequence(), first, epoch+1)
		}
		if got := len(engine.Calls()); got != 1 {
			t.Errorf("engine was asked %d times, want once", got)
		}
		for _, other := range []*plannerv1.SolveRequest{request(majority(5), "k", ""), request(bestOf(4), "k", "")} {
			_, err := drain(wire(m).Solve(t.Context(), other))
			refused(t, err, codes.AlreadyExists, "IDEMPOTENCY_KEY_IN_USE", "")
		}
		for _, other := range []*plannerv1.SolveRequest{request(majority(4), "", ""), request(majority(4), "l", ""), request(majority(4), "k", "other")} {
			_, events := solve(t, m, other)
			if got := events[0].GetSearchId(); got == first {
				t.Errorf("%v follows the first search", other)
			}
		}
	})
}

// Searches of different tenants do not see each other.
func TestTenants(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{Policy: policytest.Steps(1, time.Second)})
		request := ask(majority(1))
		request.Tenant = "a"
		_, events := solve(t, m, request)
		id := events[0].GetSearchId()
		_, err := wire(m).GetSearch(t.Context(), &plannerv1.GetSearchRequest{Tenant: "b", SearchId: id})
		refused(t, err, codes.NotFound, "SEARCH_NOT_FOUND", "")
		var seen []int
		for _, tenant := range []string{"a", "b"} {
			list, err := wire(m).ListSearches(t.Context(), &plannerv1.ListSearchesRequest{Tenant: tenant})
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, len(list.GetSearches()))
		}
		if want := []int{1, 0}; !slices.Equal(seen, want) {
			t.Errorf("tenants a and b see %v searches, want %v", seen, want)
		}
		synctest.Wait()
	})
}
