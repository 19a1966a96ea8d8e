package planner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

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

// recordJobs returns a CancelJobs that appends the search to searches and returns err.
func recordJobs(searches *[]string, err error) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		*searches = append(*searches, id)
		return err
	}
}

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
