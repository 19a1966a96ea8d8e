package planner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
)

// lockConfigWith returns lockConfig with a journal.
func lockConfigWith(timing uint64, j journal.Journal) Config {
	c := lockConfig(timing)
	c.Journal = j
	return c
}

// resumed returns a Planner that has resumed the searches of its journal.
func resumed(t *testing.T, c Config) *Planner {
	t.Helper()
	p := New(c)
	if err := p.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// A mortalJournal is a Journal whose planner can be killed: from then on nothing that the planner
// appends arrives, and it hears nothing.
type mortalJournal struct {
	journal.Journal
	dead chan struct{}
}

func mortal(j journal.Journal) *mortalJournal {
	return &mortalJournal{Journal: j, dead: make(chan struct{})}
}

func (j *mortalJournal) kill() { close(j.dead) }

func (j *mortalJournal) Open(ctx context.Context, key journal.Key) (journal.Log, []journal.Record, error) {
	l, records, err := j.Journal.Open(ctx, key)
	return mortalLog{l, j}, records, err
}

type mortalLog struct {
	journal.Log
	journal *mortalJournal
}

func (l mortalLog) Append(ctx context.Context, entries ...journal.Entry) error {
	select {
	case <-l.journal.dead:
		<-ctx.Done()
		return context.Cause(ctx)
	default:
		return l.Log.Append(ctx, entries...)
	}
}

// Searches whose planner is killed at any moment continue in the next planner, as often as that is
// killed, too: the answer, the tree and the bill are those of a search that nothing disturbed.
func TestSearchesOutliveTheirPlanner(t *testing.T) {
	for _, arm := range []string{"planned", "greedy", "best-of-n", "beam", "dvts", "rebase", "mcts", "particles", "revisions:chains=4", "majority:exhaustive=true"} {
		t.Run(arm, func(t *testing.T) {
			for _, budget := range []backend.Budget{{}, {PolicyTokens: 120}} {
				if arm == "planned" && budget != (backend.Budget{}) {
					continue // the cost of an estimate that is begun again depends on timing
				}
				r := Request{Problem: "31415", Budget: budget, Samples: 16}
				if arm != "planned" {
					s, err := strategies.Parse(arm, 8)
					if err != nil {
						t.Fatal(err)
					}
					r.Strategy, r.Samples = s, 0
				}
				var want result
				synctest.Test(t, func(t *testing.T) {
					p := New(lockConfig(0))
					defer p.Close()
					want = awaitResult(t, p, Ref{ID: mustCreate(t, p, r)})
				})
				for seed := range uint64(6) {
					synctest.Test(t, func(t *testing.T) { survive(t, r, seed, want) })
				}
			}
		})
	}
}

// survive runs a search of which planners are killed at random moments.
func survive(t *testing.T, r Request, seed uint64, want result) {
	random := rand.New(rand.NewPCG(seed, 2))
	disk := journal.NewMemory("planner")
	var ref Ref
	for kills := 0; ; kills++ {
		j := mortal(disk)
		p := resumed(t, lockConfigWith(seed+uint64(kills), j))
		defer p.Close()
		if kills == 0 {
			ref.ID = mustCreate(t, p, r)
		}
		if kills < 4 {
			time.Sleep(time.Duration(random.ExpFloat64() * float64(2*time.Second)))
			if s, err := p.Get(t.Context(), ref); err != nil || !s.Stored {
				t.Fatalf("seed %d, after %d kills: %+v, error %v", seed, kills, s, err)
			}
			j.kill()
			continue
		}
		got := awaitResult(t, p, ref)
		if diff := compareResults(want, got); diff != "" {
			t.Errorf("seed %d: the search differs from one that nothing disturbed (-want +got):\n%s", seed, diff)
		}
		return
	}
}

// A planner that stops leaves its searches in the journal; clients are told to ask again, and the
// next planner continues them with the sequence numbers of another epoch.
func TestAStoppingPlannerHandsItsSearchesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := Request{Problem: "31415", Strategy: search.Beam{N: 8, M: 4, MaxLevels: 10}, IdempotencyKey: "key"}
		plain := New(lockConfig(0))
		defer plain.Close()
		want := awaitResult(t, plain, Ref{ID: mustCreate(t, plain, r)})

		disk := journal.NewMemory("planner")
		first := resumed(t, lockConfigWith(1, disk))
		ref := Ref{ID: mustCreate(t, first, r)}
		watched := make(chan error, 1)
		var after int64
		go func() {
			for e, err := range first.Watch(t.Context(), ref, 0) {
				if err != nil {
					watched <- err
					return
				}
				after = e.Sequence
			}
			watched <- nil
		}()
		time.Sleep(3 * time.Second)
		first.Close()
		if err := <-watched; !errors.Is(err, reasoning.ErrUnavailable) && !errors.Is(err, ErrClosed) {
			t.Errorf("Watch of a planner that stopped: got %v, want ErrClosed", err)
		}

		next := resumed(t, lockConfigWith(2, disk))
		defer next.Close()
		again, err := next.Create(t.Context(), r)
		if err != nil || again.ID != ref.ID {
			t.Errorf("Create with the same idempotency key: got search %s and error %v, want %s", again.ID, err, ref.ID)
		}
		other := r
		other.Problem = "2"
		if _, err := next.Create(t.Context(), other); !errors.Is(err, ErrExists) {
			t.Errorf("Create of another request with the same key: got %v, want ErrExists", err)
		}
		terminal, snapshots := 0, 0
		for e, err := range next.Watch(t.Context(), ref, after) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Sequence <= after {
				t.Errorf("event %d after %d", e.Sequence, after)
			}
			after = e.Sequence
			if e.Snapshot {
				snapshots++
			}
			if e.Outcome != nil {
				terminal++
			}
		}
		if terminal != 1 || snapshots != 1 {
			t.Errorf("got %d last events and %d snapshots, want 1 and 1", terminal, snapshots)
		}
		if diff := compareResults(want, awaitResult(t, next, ref)); diff != "" {
			t.Errorf("the search differs (-want +got):\n%s", diff)
		}
	})
}

// Of two planners with one journal, the later one runs the searches; the earlier one ends none of
// them.
func TestATakenOverSearchEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		first := resumed(t, lockConfigWith(1, disk))
		defer first.Close()
		ref := Ref{ID: mustCreate(t, first, Request{Problem: "31415", Strategy: search.Beam{N: 8, M: 4, MaxLevels: 10}})}
		time.Sleep(2 * time.Second)
		next := resumed(t, lockConfigWith(2, disk))
		defer next.Close()
		for _, err := range first.Watch(t.Context(), ref, 0) {
			if err != nil && !errors.Is(err, errTakenOver) {
				t.Errorf("the earlier planner: got %v, want errTakenOver", err)
			}
		}
		if s, err := first.Get(t.Context(), ref); !errors.Is(err, errTakenOver) {
			t.Errorf("Get of the earlier planner: got state %v and error %v, want errTakenOver", s.State, err)
		}
		if got := awaitResult(t, next, ref); got.State != StateSucceeded {
			t.Errorf("the later planner: got %v", got.State)
		}
		_, records, err := disk.Open(t.Context(), journal.KeyOf("", ref.ID))
		if err != nil {
			t.Fatal(err)
		}
		ends := 0
		for _, r := range records {
			for _, e := range r.Entries {
				if e.Kind == kindEnded {
					ends++
				}
			}
		}
		if ends != 1 {
			t.Errorf("the log has %d ends, want 1", ends)
		}
	})
}

// Ended searches are kept over a restart, and deleted for good.
func TestEndedSearchesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		p := resumed(t, lockConfigWith(1, disk))
		r := Request{Tenant: "t", Problem: "31415", Strategy: search.BestOfN{N: 4}}
		var want []Search
		for i := range 3 {
			r.Seed = new(reasoning.Seed(i))
			ref := Ref{Tenant: "t", ID: mustCreate(t, p, r)}
			awaitResult(t, p, ref)
			s, err := p.Get(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, s)
		}
		p.Close()
		p = resumed(t, lockConfigWith(2, disk))
		slices.Reverse(want) // newest first
		page, err := p.List(t.Context(), ListRequest{Tenant: "t"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, page.Items, cmpopts.IgnoreFields(Search{}, "Epoch", "Sequence"), cmpopts.IgnoreFields(search.Candidate{}, "Node"),
			cmp.Comparer(sameReason), cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
			t.Errorf("searches after a restart (-want +got):\n%s", diff)
		}
		if err := p.Delete(t.Context(), Ref{"t", want[1].ID}); err != nil {
			t.Fatal(err)
		}
		p.Close()
		p = resumed(t, lockConfigWith(3, disk))
		defer p.Close()
		if page, err := p.List(t.Context(), ListRequest{Tenant: "t"}); err != nil || len(page.Items) != 2 {
			t.Errorf("after a deletion and a restart: %d searches, error %v, want 2", len(page.Items), err)
		}
	})
}

// A search that is resumed after its deadline ends with the answers that it had.
func TestASearchIsResumedAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		j := mortal(disk)
		p := resumed(t, lockConfigWith(1, j))
		defer p.Close()
		r := Request{Problem: "31415", Strategy: search.BestOfN{N: 64}, Deadline: time.Now().Add(time.Minute)}
		ref := Ref{ID: mustCreate(t, p, r)}
		time.Sleep(1500 * time.Millisecond)
		j.kill()
		_, records, err := disk.Open(t.Context(), journal.KeyOf("", ref.ID))
		if err != nil {
			t.Fatal(err)
		}
		h, err := readHistory(records)
		if err != nil {
			t.Fatal(err)
		}
		children := 0
		for _, a := range h.answers {
			if a.Child != nil {
				children++
			}
		}
		time.Sleep(time.Hour)
		next := resumed(t, lockConfigWith(2, disk))
		defer next.Close()
		got := awaitResult(t, next, ref)
		finished := 0
		for _, n := range got.Nodes {
			if len(n.Steps) > 0 {
				finished++
			}
		}
		if got.Outcome.Stop != StopDeadline || got.Outcome.Answer == "" || finished != children || children == 0 {
			t.Errorf("got stop %v, answer %q and %d of %d recorded solutions", got.Outcome.Stop, got.Outcome.Answer, finished, children)
		}
	})
}

// A search that the journal does not take is refused, and costs nothing.
func TestASearchThatIsNotDurableIsNotAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := mortal(journal.NewMemory("planner"))
		c := lockConfigWith(1, j)
		p := resumed(t, c)
		defer p.Close()
		j.kill()
		r := Request{Problem: "31415", Strategy: search.Greedy{}, IdempotencyKey: "key"}
		if _, err := p.Create(t.Context(), r); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("Create without a journal: got %v, want ErrUnavailable", err)
		}
		time.Sleep(time.Minute)
		if calls := c.Policy.(*searchtest.Lock).Calls(); len(calls) > 0 {
			t.Errorf("the policy got %d requests", len(calls))
		}
		if page, err := p.List(t.Context(), ListRequest{}); err != nil || len(page.Items) > 0 {
			t.Errorf("got %d searches and error %v, want none", len(page.Items), err)
		}
		r.NoStore = true // not in the journal
		if s, err := p.Create(t.Context(), r); err != nil || s.Stored {
			t.Errorf("Create with NoStore: stored %v, error %v", s.Stored, err)
		}
	})
}

// Requests, plans and ends are read from the journal as they were written.
func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	for _, name := range strategies.Names() {
		s, err := strategies.New(name)
		if err != nil {
			t.Fatal(err)
		}
		choice := search.Choice{By: search.ByProd, Pick: search.PickMax}
		request := Request{
			Tenant: "t", Problem: "p \x00 \u2028", Strategy: s, Choice: &choice, Samples: 3, Deadline: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
			Thinking: &backend.Thinking{Max: 5, Wait: "Wait", Mode: backend.ModeForce}, Seed: new(reasoning.Seed(1<<64 - 1)),
			Budget: backend.Budget{PolicyTokens: 1<<63 - 1, FLOPs: 1e300},
		}.WithDefaults(reasoning.Sampling{Temperature: 0.1, TopP: 1, MaxTokens: 3})
		plan := Plan{Strategy: s, Choice: choice, Reason: "r", Source: SourceProfile, PredictedAccuracy: new(0.25)}
		end := recordEnd(StateSucceeded, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), reasoning.Bill{Policy: reasoning.Usage{Generated: 3, FLOPs: 0.1}}, 7,
			Outcome{Stop: StopBudget, Answer: "a", Candidates: []search.Candidate{{Answer: "a", Count: 2, Weight: 0.3}}, Err: fmt.Errorf("x: %w", ErrNoAnswer)})
		var entries []journal.Entry
		for _, e := range []struct {
			kind   string
			record any
		}{
			{kindAccepted, acceptedRecord{ID: "01", Request: recordRequest(request)}},
			{kindModels, modelsRecord{Policy: reasoning.Model{Name: "m"}, RewardModel: &searchtest.RewardModel}},
			{kindSample, policy.Child{Ordinal: 1, Steps: []reasoning.Step{{Text: "s", Tokens: 1, Score: 0.1, Scored: true}}, Finish: reasoning.FinishEnd}},
			{kindEstimate, difficulty.Estimate{PassRate: 1. / 3, Final: true}},
			{kindPlan, recordPlan(plan)}, {kindEnded, end}, {kindClaimed, claimedRecord{4}},
		} {
			entry, err := entryOf(e.kind, e.record)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, entry)
		}
		h, err := readHistory([]journal.Record{{Number: 1, Entries: entries}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(request, h.request); diff != "" || h.request.Digest() != request.Digest() {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(&plan, h.plan); diff != "" {
			t.Errorf("plan (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(end, *h.ended); diff != "" || !errors.Is(h.ended.outcome().Err, ErrNoAnswer) {
			t.Errorf("end (-want +got):\n%s", diff)
		}
		if h.epoch != 4 || h.estimate.PassRate != 1./3 || len(h.estimate.New) != 1 || *h.models.RewardModel != searchtest.RewardModel {
			t.Errorf("got %+v", h)
		}
	}
}

// An estimate that was under way when its planner was killed begins again: its samples are not those of the final one.
func TestSamplesOfAnAbandonedEstimateAreNotUsed(t *testing.T) {
	var entries []journal.Entry
	for _, e := range []struct {
		kind   string
		record any
	}{
		{kindAccepted, acceptedRecord{ID: "01", Request: recordRequest(greedy("1").WithDefaults(reasoning.Sampling{}))}},
		{kindSample, policy.Child{Ordinal: 0}}, {kindSample, policy.Child{Ordinal: 1}},
		{kindClaimed, claimedRecord{2}},
		{kindSample, policy.Child{Ordinal: 0}}, {kindEstimate, difficulty.Estimate{Samples: 1, Final: true}},
		{kindClaimed, claimedRecord{3}},
	} {
		entry, err := entryOf(e.kind, e.record)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
	h, err := readHistory([]journal.Record{{Number: 1, Entries: entries}})
	if err != nil || len(h.estimate.New) != 1 {
		t.Errorf("got %d samples and error %v, want the 1 of the final estimate", len(h.estimate.New), err)
	}
}

// A log that a newer release has written is left alone.
func TestALogOfANewerReleaseIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := journal.NewMemory("planner")
		key := journal.KeyOf("", "01NEWER")
		l, _, err := disk.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := entryOf(kindAccepted, acceptedRecord{ID: "01NEWER", Request: recordRequest(greedy("1").WithDefaults(reasoning.Sampling{}))})
		if err == nil {
			err = l.Append(t.Context(), accepted, journal.Entry{Kind: "of a newer release"})
		}
		if err != nil {
			t.Fatal(err)
		}
		p := resumed(t, lockConfigWith(1, disk))
		defer p.Close()
		if _, records, err := disk.Open(t.Context(), key); err != nil || len(records) != 1 {
			t.Errorf("the log has %d records, error %v, want 1", len(records), err)
		}
	})
}
