package planner

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
)

func TestPageSize(t *testing.T) {
	for size, want := range map[int]int{0: 50, 1: 1, 1000: 1000, 1001: 1000} {
		if got, err := pageSize(size, 50); got != want || err != nil {
			t.Errorf("page of %d: got %d and error %v, want %d", size, got, err, want)
		}
	}
	if _, err := pageSize(-1, 50); !errors.Is(err, reasoning.ErrInvalid) {
		t.Errorf("page of -1: got %v, want ErrInvalid", err)
	}
}

// Only the list that made a token accepts it.
func TestPageToken(t *testing.T) {
	tokens := newTokenCodec("searches", "tenant", []State{StateQueued})
	for _, position := range []string{"01J", "0.1.2", "\x00"} {
		token := tokens.at(position)
		if got, err := tokens.position(token); got != position || err != nil {
			t.Errorf("got position %q and error %v, want %q", got, err, position)
		}
		for name, other := range map[string]tokenCodec{
			"nodes":  newTokenCodec("nodes", "tenant", []State{StateQueued}),
			"tenant": newTokenCodec("searches", "other", []State{StateQueued}),
			"states": newTokenCodec("searches", "tenant", []State{StateRunning}),
		} {
			if _, err := other.position(token); !errors.Is(err, reasoning.ErrInvalid) {
				t.Errorf("a list that differs in %s accepts the token: error %v", name, err)
			}
		}
	}
	for _, token := range []string{"x", "?", "01J", tokens.at("01J") + "A"} {
		if _, err := tokens.position(token); !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("token %q: got %v, want ErrInvalid", token, err)
		}
	}
}

// A page has at most MaxEventBytes, or a single item.
func TestPageBytes(t *testing.T) {
	sizes := []int{MaxEventBytes / 2, MaxEventBytes / 2, 1, 2 * MaxEventBytes, 1, 1}
	var got []string
	for rest := sizes; len(rest) > 0; {
		page := pageOf(rest, 2, func(n int) string { return fmt.Sprint("after ", n) }, func(n int) int { return n })
		got = append(got, fmt.Sprint(len(page.Items), " ", page.Next))
		rest = rest[len(page.Items):]
	}
	want := []string{
		fmt.Sprint("2 after ", MaxEventBytes/2), "1 after 1", fmt.Sprint("1 after ", 2*MaxEventBytes), "2 ",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
}

// List selects by state and time of creation.
func TestListSelects(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		began := time.Now()
		var ids []string
		for i := range 4 { // each takes 10 s
			ids = append(ids, mustCreate(t, p, greedy(fmt.Sprint(i))))
			time.Sleep(4 * time.Second)
		}
		for name, test := range map[string]struct {
			request ListRequest
			want    []string
		}{
			"all":       {ListRequest{}, []string{ids[3], ids[2], ids[1], ids[0]}},
			"running":   {ListRequest{States: []State{StateQueued, StateRunning}}, []string{ids[3], ids[2]}},
			"succeeded": {ListRequest{States: []State{StateSucceeded}}, []string{ids[1], ids[0]}},
			"from":      {ListRequest{CreatedFrom: began.Add(4 * time.Second)}, []string{ids[3], ids[2], ids[1]}},
			"before":    {ListRequest{CreatedBefore: began.Add(4 * time.Second)}, []string{ids[0]}},
			"other":     {ListRequest{Tenant: "other"}, nil},
		} {
			page, err := p.List(t.Context(), test.request)
			var got []string
			for _, s := range page.Items {
				got = append(got, s.ID)
			}
			if diff := cmp.Diff(got, test.want); diff != "" || err != nil {
				t.Errorf("%s: error %v; got -, want +\n%s", name, err, diff)
			}
		}
	})
}

// Wait returns the state of a search after the timeout, or at its end if that is earlier.
func TestWait(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		ref, began := Ref{ID: mustCreate(t, p, greedy("1"))}, time.Now()
		for _, test := range []struct {
			timeout, want time.Duration
			state         State
		}{
			{0, 0, StateQueued},
			{4 * time.Second, 4 * time.Second, StateQueued}, // a Script does not call OnStart
			{time.Hour, 10 * time.Second, StateSucceeded},
			{time.Hour, 10 * time.Second, StateSucceeded},
		} {
			s, err := p.Wait(t.Context(), ref, test.timeout)
			if got := time.Since(began); err != nil || got != test.want || s.State != test.state {
				t.Errorf("timeout %v: got %v and error %v after %v, want %v after %v", test.timeout, s.State, err, got, test.state, test.want)
			}
		}
		if s, err := p.Get(t.Context(), ref); err != nil || !s.Created.Equal(began) || !s.Ended.Equal(began.Add(10*time.Second)) {
			t.Errorf("search from %v to %v, error %v; want it to take 10 s", s.Created, s.Ended, err)
		}
	})
}

// Delete ends a live search, and removes the search and its idempotency key.
func TestDelete(t *testing.T) {
	var removed []string
	bubble(t, Config{CancelJobs: recordJobs(&removed, nil)}, func(t *testing.T, p *Planner) {
		r := greedy("1")
		r.IdempotencyKey = "k"
		ref := Ref{ID: mustCreate(t, p, r)}
		if err := p.Delete(t.Context(), Ref{Tenant: "other", ID: ref.ID}); !errors.Is(err, ErrNotFound) {
			t.Errorf("deleted by another tenant: got %v, want ErrNotFound", err)
		}
		if err := p.Delete(t.Context(), ref); err != nil || strings.Join(removed, " ") != ref.ID {
			t.Errorf("error %v, removed the jobs of %q; want those of %s", err, removed, ref.ID)
		}
		if _, err := p.Get(t.Context(), ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if id := mustCreate(t, p, r); id == ref.ID {
			t.Error("the key of a deleted search still finds it")
		}
	})
}

// Requests may name the models that are served, and no others.
func TestModels(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		models, err := p.Models(t.Context())
		if err != nil || len(models.Policies) != 1 || len(models.Verifiers) != 0 {
			t.Fatalf("got %+v and error %v, want one policy and no verifier", models, err)
		}
		r := greedy("1")
		r.IdempotencyKey = "k"
		id := mustCreate(t, p, r)
		r.Policy = models.Policies[0].Name
		if got := mustCreate(t, p, r); got != id {
			t.Errorf("naming the default policy created %s, want the existing search %s", got, id)
		}
		for field, r := range map[string]Request{
			"policy":   {Problem: "p", Policy: "another"},
			"verifier": {Problem: "p", Verifier: "another"},
		} {
			var rule *reasoning.InvalidError
			if _, err := p.Create(t.Context(), r); !errors.As(err, &rule) || rule.Field != field {
				t.Errorf("got %v, want %s refused", err, field)
			}
		}
	})
}
