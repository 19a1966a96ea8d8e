package plannertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

func create(t *testing.T, s planner.Solver) {
	began := time.Now()
	r := beam(8)
	r.Deadline = began.Add(time.Minute)
	got, err := s.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if time.Since(began) != 0 {
		t.Errorf("Create took %v, want it not to wait", time.Since(began))
	}
	if got.ID == "" || got.State.Ended() || got.Sequence < 1 || !got.Created.Equal(began) || got.Outcome != nil || !got.Ended.IsZero() {
		t.Errorf("new search: %+v", got)
	}
	q := got.Request
	if q.Problem != "count" || q.Tenant != tenant || q.Strategy != r.Strategy || q.Seed == nil || *q.Seed != 1 || q.Effort != planner.EffortMedium ||
		q.Temperature == nil || q.TopP == nil || q.MaxTokens == nil || !q.Deadline.Equal(r.Deadline) {
		t.Errorf("its request with defaults: %+v", q)
	}
	end, err := s.Wait(t.Context(), planner.Ref{Tenant: tenant, ID: got.ID}, time.Hour)
	if err != nil || end.State != planner.StateSucceeded || !end.Ended.Equal(began.Add(3*time.Second)) || end.Nodes != 3*8 {
		t.Errorf("error %v, ended search: %+v", err, end)
	}
	if o := end.Outcome; o == nil || o.Stop != planner.StopComplete || o.Answer == "" || o.Elapsed != 3*time.Second || len(o.Candidates) == 0 {
		t.Errorf("outcome: %+v", o)
	}
	if p := end.Plan; p != nil && (p.Policy.Name == "" || p.RewardModel.Name == "") {
		t.Errorf("the plan does not name its models: %+v", p)
	}
	if end.Plan == nil || end.Plan.Strategy != r.Strategy || end.Bill.Policy.Generated == 0 || end.Bill.Verifier.Verifier == 0 {
		t.Errorf("plan %+v, bill %+v", end.Plan, end.Bill)
	}
}

func idempotency(t *testing.T, s planner.Solver) {
	r := beam(8)
	r.IdempotencyKey = "k"
	first := created(t, s, r)
	same := r
	same.Seed, same.Effort, same.TopP, same.Deadline = new(reasoning.Seed(1)), planner.EffortMedium, new(1.0), time.Now().Add(time.Minute)
	if got := created(t, s, same); got != first {
		t.Errorf("with explicit defaults: got search %v, want %v", got, first)
	}
	accepted, err := s.Get(t.Context(), planner.Ref{Tenant: r.Tenant, ID: first.ID})
	if err != nil {
		t.Fatal(err)
	}
	accepted.Request.IdempotencyKey = r.IdempotencyKey
	if got := created(t, s, accepted.Request); got != first {
		t.Errorf("with the accepted request: got search %v, want %v", got, first)
	}
	zero := r
	zero.Seed = new(reasoning.Seed(0))
	wider := r
	wider.Strategy = search.NewBeam(16)
	for name, other := range map[string]planner.Request{"seed 0": zero, "another width": wider} {
		if _, err := s.Create(t.Context(), other); !errors.Is(err, planner.ErrExists) {
			t.Errorf("%s: got %v, want ErrExists", name, err)
		}
	}
	none, other := r, r
	none.IdempotencyKey, other.IdempotencyKey = "", "l"
	foreign := r
	foreign.Tenant = "another"
	for name, r := range map[string]planner.Request{"no key": none, "another key": other, "another tenant": foreign} {
		if got := created(t, s, r); got.ID == first.ID {
			t.Errorf("%s: got the same search", name)
		}
	}
}

// A client that lost its connection before it got the search's id gets the search by its key,
// also after the deadline.
func afterDeadline(t *testing.T, s planner.Solver) {
	r := beam(4)
	r.IdempotencyKey, r.Deadline = "k", time.Now().Add(10*time.Second)
	ref, _ := ended(t, s, r)
	time.Sleep(time.Minute)
	got, err := s.Create(t.Context(), r)
	if err != nil || got.ID != ref.ID || got.Outcome == nil {
		t.Errorf("after the deadline: got search %q with outcome %v and error %v, want %q", got.ID, got.Outcome, err, ref.ID)
	}
	r.IdempotencyKey = "new"
	_, err = s.Create(t.Context(), r)
	refused(t, "a new search after its deadline", err, reasoning.ErrInvalid, "deadline")
}

func invalid(t *testing.T, s planner.Solver) {
	for field, change := range map[string]func(*planner.Request){
		"problem":              func(r *planner.Request) { r.Problem = "" },
		"strategy.beam.m":      func(r *planner.Request) { r.Strategy = search.Beam{N: 16, M: 5, MaxLevels: 40} },
		"sampling.temperature": func(r *planner.Request) { r.Temperature = new(3.0) },
		"policy":               func(r *planner.Request) { r.Policy = "no such model" },
		"verifier":             func(r *planner.Request) { r.Verifier = "no such model" },
	} {
		r := beam(16)
		change(&r)
		_, err := s.Create(t.Context(), r)
		refused(t, "Create", err, reasoning.ErrInvalid, field)
		_, err = s.Plan(t.Context(), r)
		refused(t, "Plan", err, reasoning.ErrInvalid, field)
	}
	_, err := s.Wait(t.Context(), planner.Ref{Tenant: tenant, ID: "x"}, -1)
	if err == nil {
		t.Error("Wait accepts a negative timeout")
	}
}

// A search does not exist for other tenants.
func unknown(t *testing.T, s planner.Solver) {
	ref, _ := ended(t, s, beam(4))
	for _, ref := range []planner.Ref{{Tenant: tenant, ID: "nothing"}, {Tenant: "another", ID: ref.ID}, {Tenant: tenant}} {
		for name, call := range map[string]func() error{
			"Get":    func() error { _, err := s.Get(t.Context(), ref); return err },
			"Wait":   func() error { _, err := s.Wait(t.Context(), ref, time.Second); return err },
			"Nodes":  func() error { _, err := s.Nodes(t.Context(), planner.NodesRequest{Ref: ref}); return err },
			"Cancel": func() error { _, err := s.Cancel(t.Context(), ref); return err },
			"Delete": func() error { return s.Delete(t.Context(), ref) },
			"Watch": func() (last error) {
				for _, err := range s.Watch(t.Context(), ref, 0) {
					last = err
				}
				return last
			},
		} {
			if err := call(); !errors.Is(err, planner.ErrNotFound) {
				t.Errorf("%s of %v: got %v, want ErrNotFound", name, ref, err)
			}
		}
	}
}

func wait(t *testing.T, s planner.Solver) {
	ref := created(t, s, beam(8))
	began := time.Now()
	for _, c := range []struct {
		timeout, until time.Duration
		state          planner.State
	}{
		{0, 0, planner.StateQueued}, {1500 * time.Millisecond, 1500 * time.Millisecond, planner.StateRunning},
		{time.Hour, 3 * time.Second, planner.StateSucceeded}, {time.Hour, 3 * time.Second, planner.StateSucceeded},
	} {
		got, err := s.Wait(t.Context(), ref, c.timeout)
		if err != nil || got.State != c.state && c.timeout != 0 || time.Since(began) != c.until {
			t.Errorf("Wait for %v: %v after %v with error %v, want %v after %v", c.timeout, got.State, time.Since(began), err, c.state, c.until)
		}
	}
	ref = created(t, s, planner.Request{Tenant: tenant, Problem: "count again", Strategy: search.NewBeam(8)})
	if _, err := s.Wait(soon(t), ref, time.Hour); err == nil {
		t.Error("Wait did not return when its context ended")
	}
}

func cancel(t *testing.T, s planner.Solver) {
	ref := created(t, s, beam(8))
	time.Sleep(1500 * time.Millisecond)
	got, err := s.Cancel(t.Context(), ref)
	if err != nil || got.State != planner.StateCancelled || got.Outcome == nil || got.Outcome.Stop != planner.StopCancelled || !errors.Is(got.Outcome.Err, planner.ErrCancelled) {
		t.Errorf("cancelled: error %v, %+v with outcome %+v", err, got, got.Outcome)
	}
	again, err := s.Cancel(t.Context(), ref)
	if err != nil || again.Sequence != got.Sequence {
		t.Errorf("cancelled again: error %v, sequence %d, want %d", err, again.Sequence, got.Sequence)
	}
	Contiguous(t, 0, watched(t, s, ref, 0), got.Sequence)
}

func deletion(t *testing.T, s planner.Solver) {
	r := beam(8)
	r.IdempotencyKey = "k"
	live := created(t, s, r)
	time.Sleep(1500 * time.Millisecond)
	if err := s.Delete(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), live); !errors.Is(err, planner.ErrNotFound) {
		t.Errorf("a deleted search: got %v, want ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), live); !errors.Is(err, planner.ErrNotFound) {
		t.Errorf("deleted twice: got %v, want ErrNotFound", err)
	}
	if again := created(t, s, r); again == live {
		t.Error("the key of a deleted search is in use")
	}
}

func plan(t *testing.T, s planner.Solver) {
	r := planner.Request{Tenant: tenant, Problem: "count", Effort: planner.EffortHigh}
	got, err := s.Plan(t.Context(), r)
	if err != nil || got.Plan.Strategy == nil || got.Plan.Reason == "" || got.Plan.Source != planner.SourceRuleOfThumb {
		t.Errorf("plan %+v, error %v", got, err)
	}
	if list, err := s.List(t.Context(), planner.ListRequest{Tenant: tenant}); err != nil || len(list.Items) > 0 {
		t.Errorf("Plan created searches %v, error %v", list.Items, err)
	}
}

func models(t *testing.T, s planner.Solver) {
	got, err := s.Models(t.Context())
	if err != nil || len(got.Policies) != 1 || len(got.Verifiers) != 1 || got.Verifiers[0].Aggregator == 0 {
		t.Fatalf("models %+v, error %v", got, err)
	}
	r := beam(4)
	r.Policy, r.Verifier = got.Policies[0].Name, got.Verifiers[0].Name
	if _, end := ended(t, s, r); end.State != planner.StateSucceeded {
		t.Errorf("a search that names its models: %+v", end)
	}
}
