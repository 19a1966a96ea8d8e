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
	for asked, want := range map[int]int{0: 50, 1: 1, 1000: 1000, 1001: 1000} {
		if got, err := pageSize(asked, 50); got != want || err != nil {
			t.Errorf("page of %d: got %d and error %v, want %d", asked, got, err, want)
		}
	}
	if _, err := pageSize(-1, 50); !errors.Is(err, reasoning.ErrInvalid) {
		t.Errorf("page of -1: got %v, want ErrInvalid", err)
	}
}

// A token continues only the list that it is from.
func TestPageToken(t *testing.T) {
	tokens := newPageToken("searches", "tenant", []State{StateQueued})
	for _, position := range []string{"01J", "0.1.2", "\x00"} {
		token := tokens.at(position)
		if got, err := tokens.position(token); got != position || err != nil {
			t.Errorf("got position %q and error %v, want %q", got, err, position)
		}
		for name, other := range map[string]pageToken{
			"nodes":  newPageToken("nodes", "tenant", []State{StateQueued}),
			"tenant": newPageToken("searches", "other", []State{StateQueued}),
			"states": newPageToken("searches", "tenant", []State{StateRunning}),
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

// A page ends before it has more than MaxEventBytes, and has one item at least.
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

// Wait returns a search as it stands after the timeout, and at its end if that comes first.
func TestWait(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		ref, began := Ref{ID: mustCreate(t, p, greedy("1"))}, time.Now()
		for _, test := range []struct {
			timeout, want time.Duration
			state         State
		}{
			{0, 0, StateQueued},
			{4 * time.Second, 4 * time.Second, StateQueued}, // a script does not say that it starts
			{time.Hour, 10 * time.Second, StateSucceeded},
			{time.Hour, 10 * time.Second, StateSucceeded},
		} {
			s, err := p.Wait(t.Context(), ref, test.timeout)
			if got := time.Since(began); err != nil || got != test.want || s.State != test.state {
				t.Errorf("waited %v until %v and got %v and error %v, want %v at %v", test.timeout, got, s.State, err, test.state, test.want)
			}
		}
		if s, err := p.Get(t.Context(), ref); err != nil || !s.Created.Equal(began) || !s.Ended.Equal(began.Add(10*time.Second)) {
			t.Errorf("search from %v to %v, error %v; want it to take 10 s", s.Created, s.Ended, err)
		}
	})
}

// Delete ends a search that is live and forgets it with its key.
func TestDelete(t *testing.T) {
	var stopped []string
	bubble(t, Config{CancelJobs: dropInto(&stopped, nil)}, func(t *testing.T, p *Planner) {
		r := greedy("1")
		r.IdempotencyKey = "k"
		ref := Ref{ID: mustCreate(t, p, r)}
		if err := p.Delete(t.Context(), Ref{Tenant: "other", ID: ref.ID}); !errors.Is(err, ErrNotFound) {
			t.Errorf("deleted by another tenant: got %v, want ErrNotFound", err)
		}
		if err := p.Delete(t.Context(), ref); err != nil || strings.Join(stopped, " ") != ref.ID {
			t.Errorf("error %v, stopped the jobs of %q; want those of %s", err, stopped, ref.ID)
		}
		if _, err := p.Get(t.Context(), ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if id := mustCreate(t, p, r); id == ref.ID {
			t.Error("the key of a deleted search finds it")
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
			t.Errorf("naming the default policy created %s, want it to find %s", got, id)
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
