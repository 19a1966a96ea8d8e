package search

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A sample that a token limit cut is neither open nor done, and is not shown to the policy as an
// attempt.
func TestCutByTokens(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		p := newProblem(combination)
		p.Sampling.MaxTokens = 1 // half a step
		lock := searchtest.NewLock(0.5, nil)
		tree := New(lock, p)
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		for n := range tree.Nodes() {
			if n.Open() || n.Done() || n.State != StateScored || n.Depth != 1 && !n.Revision {
				t.Errorf("node %s: open %t, done %t, %v, want neither, and scored", n.ID, n.Open(), n.Done(), n.State)
			}
		}
		for _, c := range lock.Calls() {
			if len(c.Request.Attempts) > 0 {
				t.Errorf("attempts %q were shown to the policy, want none: they were cut", c.Request.Attempts)
			}
		}
		if got := slices.Collect(tree.Solutions()); len(got) != 0 {
			t.Errorf("got %d solutions, want none", len(got))
		}
	})
}

// If the verifier fails, nodes have no scores and a reason, and the tree has a fault. The search
// continues, and later nodes have all their scores.
func TestVerifierFails(t *testing.T) {
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		lock := searchtest.NewLock(0.5, nil)
		fails := func(id string) bool { return strings.HasSuffix(id, "2") || strings.HasSuffix(id, "2.0") }
		lock.OnScore = func(r verifier.Request) (time.Duration, error) {
			if fails(r.Node) {
				return 0, reasoning.ErrUnavailable
			}
			return 0, nil
		}
		tree := mustRun(t, lock, s)
		unscored := 0
		for n := range tree.Nodes() {
			failed := wantsScore(s, n) && fails(n.ID)
			if n.Scored != (wantsScore(s, n) && !failed) || failed != (n.Reason != "") {
				t.Errorf("node %s: scored %t, reason %q", n.ID, n.Scored, n.Reason)
			}
			if n.Scored && len(n.Scores) != len(n.Path()) {
				t.Errorf("node %s: %d scores for %d steps", n.ID, len(n.Scores), len(n.Path()))
			}
			if failed {
				unscored++
			}
		}
		var want []string
		if s.NeedsVerifier() && unscored == 0 {
			t.Error("all nodes were scored: the test shows nothing")
		}
		if s.NeedsVerifier() {
			want = []string{fmt.Sprintf("some nodes were not scored: service unavailable (%d times)", unscored)}
		}
		if diff := cmp.Diff(tree.Faults(), want); diff != "" {
			t.Errorf("faults (-got +want):\n%s", diff)
		}
	})
}

// The states of a node change in order. Observe is called once for each change, one call at
// a time.
func TestObserve(t *testing.T) {
	legal := map[State][]State{
		0:            {StateQueued},
		StateQueued:  {StateRunning, StateScored, StateFinished, StateFailed}, // without a queue none is running
		StateRunning: {StateScored, StateFinished, StateFailed},
		StateScored:  {StatePruned},
	}
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		legal := legal
		if strings.HasPrefix(s.Name(), inFlight) { // samples that are not needed are pruned in any state
			legal = maps.Clone(legal)
			for _, from := range []State{StateQueued, StateRunning, StateFinished} {
				legal[from] = slices.Concat(legal[from], []State{StatePruned})
			}
		}
		uneven := endsAtSeven{searchtest.NewLock(0.5, nil)}
		var mu sync.Mutex
		var started []func(policy.Start) // guarded by mu
		queued := withExpand{uneven, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			if r.Node != "" {
				r.OnStart(policy.Start{Attempt: 1})
				r.OnStart(policy.Start{Attempt: 2})
			}
			if r.Node == "1" {
				return failWith(errors.New("engine broke"))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, start := range started { // a late start, of a job that is delivered again
				start(policy.Start{Attempt: 3})
			}
			started = append(started, r.OnStart)
			return uneven.Expand(ctx, r)
		}}
		states := map[*Node]State{}
		tree := New(queued, newProblem("31415926535"))
		tree.Observe = func(n *Node) { // the race detector reports concurrent calls
			if !slices.Contains(legal[states[n]], n.State) {
				t.Errorf("node %s went from %v to %v", n.ID, states[n], n.State)
			}
			states[n] = n.State
		}
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		count := map[State]int{}
		for n, state := range states {
			if n.State != state {
				t.Errorf("node %s is %v and was last observed %v", n.ID, n.State, state)
			}
			if count[state]++; state == StateQueued || state == StateRunning {
				t.Errorf("node %s is %v at the end", n.ID, state)
			}
		}
		if s.Name() == "beam" && (count[StatePruned] == 0 || count[StateFinished] == 0) {
			t.Errorf("got %v at the end, want finished and pruned nodes", count)
		}
	})
}
