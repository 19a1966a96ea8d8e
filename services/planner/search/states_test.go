package search

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
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

// A sample that a limit cut is no answer, and no step to go on from.
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
				t.Errorf("node %s: open %t, done %t, %v, want neither, scored, below the root", n.ID, n.Open(), n.Done(), n.State)
			}
		}
		for _, c := range lock.Calls() {
			if len(c.Request.Attempts) > 0 {
				t.Errorf("attempts %q were shown to the writer, want none: they were cut", c.Request.Attempts)
			}
		}
		if got := slices.Collect(tree.Solutions()); len(got) != 0 {
			t.Errorf("got %d solutions, want none", len(got))
		}
	})
}

// A verifier that fails now and then leaves nodes unjudged, and says so; a strategy
// goes on, and the scores of what comes after are complete.
func TestVerifierFails(t *testing.T) {
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		lock := searchtest.NewLock(0.5, nil)
		bad := func(id string) bool { return strings.HasSuffix(id, "2") || strings.HasSuffix(id, "2.0") }
		lock.Hearing = func(r verifier.Request) (time.Duration, error) {
			if bad(r.Node) {
				return 0, reasoning.ErrUnavailable
			}
			return 0, nil
		}
		tree := mustRun(t, lock, s)
		unscored := 0
		for n := range tree.Nodes() {
			bad := wantsScore(s, n) && bad(n.ID)
			if n.Scored != (wantsScore(s, n) && !bad) || bad != (n.Reason != "") {
				t.Errorf("node %s: judged %t, reason %q", n.ID, n.Scored, n.Reason)
			}
			if n.Scored && len(n.Scores) != len(n.Path()) {
				t.Errorf("node %s: %d scores for %d steps", n.ID, len(n.Scores), len(n.Path()))
			}
			if bad {
				unscored++
			}
		}
		var want []string
		if s.NeedsVerifier() && unscored == 0 {
			t.Error("all nodes were judged: the test shows nothing")
		}
		if s.NeedsVerifier() {
			want = []string{fmt.Sprintf("some nodes were not scored: service unavailable (%d times)", unscored)}
		}
		if diff := cmp.Diff(tree.Faults(), want); diff != "" {
			t.Errorf("faults (-got +want):\n%s", diff)
		}
	})
}

// Wraps a lock so that each solution may end early: with a 7.
type endsAtSeven struct{ *searchtest.Lock }

func (u endsAtSeven) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for c, err := range u.Lock.Expand(ctx, r) {
			if i := slices.IndexFunc(c.Steps, func(s reasoning.Step) bool { return s.Text == "7\n" }); i >= 0 {
				c.Steps, c.Finish = c.Steps[:i+1], reasoning.FinishEnd
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// The states of a node change in order, each change is told once, and none at the
// same time as another.
func TestObserve(t *testing.T) {
	legal := map[State][]State{
		0:            {StateQueued},
		StateQueued:  {StateRunning, StateScored, StateFinished, StateFailed}, // without a queue nothing is said of running
		StateRunning: {StateScored, StateFinished, StateFailed},
		StateScored:  {StatePruned},
	}
	forEachStrategy(t, 16, func(t *testing.T, s Strategy) {
		legal := legal
		if strings.HasPrefix(s.Name(), inFlight) { // what is not needed any more is pruned wherever it is
			legal = maps.Clone(legal)
			for from, to := range map[State][]State{StateQueued: {StatePruned}, StateRunning: {StatePruned}, StateFinished: {StatePruned}} {
				legal[from] = slices.Concat(legal[from], to)
			}
		}
		w := endsAtSeven{searchtest.NewLock(0.5, nil)}
		var mu sync.Mutex
		var started []func(policy.Start)
		queued := withExpand{w, func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			if r.Node != "" {
				r.OnStart(policy.Start{Attempt: 1})
				r.OnStart(policy.Start{Attempt: 2})
			}
			if r.Node == "1" {
				return failWith(errors.New("engine broke"))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, again := range started { // delivered again, too late
				again(policy.Start{Attempt: 3})
			}
			started = append(started, r.OnStart)
			return w.Expand(ctx, r)
		}}
		states := map[*Node]State{}
		tree := New(queued, newProblem("31415926535"))
		tree.Observe = func(n *Node) { // the race detector sees if two are told at once
			if !slices.Contains(legal[states[n]], n.State) {
				t.Errorf("node %s went from %v to %v", n.ID, states[n], n.State)
			}
			states[n] = n.State
		}
		if _, err := Run(t.Context(), tree, s); err != nil {
			t.Fatal(err)
		}
		seen := map[State]int{}
		for n, state := range states {
			if n.State != state {
				t.Errorf("node %s is %v and was last told to be %v", n.ID, n.State, state)
			}
			if seen[state]++; state == StateQueued || state == StateRunning {
				t.Errorf("node %s is %v in the end", n.ID, state)
			}
		}
		if s.Name() == "beam" && (seen[StateScored] > 0 && seen[StateFinished] == 0 || seen[StatePruned] == 0 || seen[StateFinished] == 0) {
			t.Errorf("got %v in the end, want finished and pruned ones", seen)
		}
	})
}

type withExpand struct {
	Backend
	expand func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
}

func (w withExpand) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return w.expand(ctx, r)
}

func failWith(err error) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) { yield(policy.Child{}, err) }
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		s    Strategy
		want string
	}{
		{Greedy{}, ""},
		{Majority{N: 1}, ""},
		{Majority{}, "strategy.majority.n: must be 1 to 4096, is 0"},
		{BestOfN{N: MaxN}, ""},
		{BestOfN{N: 1e6}, "strategy.best_of_n.n: must be 1 to 4096, is 1000000"},
		{Beam{N: 16, M: 4, MaxLevels: 40}, ""},
		{Beam{N: 0, M: 4, MaxLevels: 40}, "strategy.beam.n: must be 1 to 4096, is 0"},
		{Beam{N: 4, M: 8, MaxLevels: 40}, "strategy.beam.m: must divide n = 4, is 8"},
		{Beam{N: 16, M: 3, MaxLevels: 40}, "strategy.beam.m: must divide n = 16, is 3"},
		{Beam{N: 16, M: 0, MaxLevels: 40}, "strategy.beam.m: must divide n = 16, is 0"},
		{Beam{N: 16, M: 4}, "strategy.beam.max_levels: must be 1 to 256, is 0"},
		{Beam{N: 16, M: 4, MaxLevels: 257}, "strategy.beam.max_levels: must be 1 to 256, is 257"},
		{Majority{N: 8, Wave: -1}, "strategy.majority.wave: must be 0 to 4096, is -1"},
		{Majority{N: 8, Confidence: 1}, "strategy.majority.confidence: must be 0 to 0.9999, is 1"},
		{Majority{N: 8, Confidence: math.NaN()}, "strategy.majority.confidence: must be 0 to 0.9999, is NaN"},
		{Lookahead{N: 16, M: 4, K: 3, MaxLevels: 40}, ""},
		{Lookahead{N: 16, M: 3, K: 3, MaxLevels: 40}, "strategy.lookahead.m: must divide n = 16, is 3"},
		{Lookahead{N: 16, M: 4, MaxLevels: 40}, "strategy.lookahead.k: must be 1 to 256, is 0"},
		{DVTS{N: 16, M: 4, MaxLevels: 40}, ""},
		{DVTS{N: 16, M: 5, MaxLevels: 40}, "strategy.dvts.m: must divide n = 16, is 5"},
		{DVTS{N: 16, M: 4, K: -1, MaxLevels: 40}, "strategy.dvts.k: must be 0 to 256, is -1"},
		{Rebase{N: 16, Balance: 0.2, MaxLevels: 25}, ""},
		{Rebase{N: 16, MaxLevels: 25}, "strategy.rebase.balance: must be 0.001 to 1000, is 0"},
		{MCTS{N: 16, Width: 4, Parallel: 4, Final: FinalVote, MaxLevels: 40}, ""},
		{MCTS{N: 16, Parallel: 4, Final: FinalVote, MaxLevels: 40}, "strategy.mcts.width: must be 1 to 64, is 0"},
		{MCTS{N: 4, Width: 4, Parallel: 5, Final: FinalVote, MaxLevels: 40}, "strategy.mcts.parallel: must be 1 to 4, is 5"},
		{MCTS{N: 4, Width: 4, Parallel: 4, Exploration: -1, Final: FinalVote, MaxLevels: 40}, "strategy.mcts.exploration: must be 0 to 1000, is -1"},
		{MCTS{N: 4, Width: 4, Parallel: 4, MaxLevels: 40}, "strategy.mcts.final: must be 1 to 3, is 0"},
		{Particles{N: 16, Iterations: 4, Temperature: 1, MaxLevels: 40}, ""},
		{Particles{N: 16, Iterations: 3, Temperature: 1, MaxLevels: 40}, "strategy.particles.iterations: must divide n = 16, is 3"},
		{Particles{N: 16, Iterations: 1, MaxLevels: 40}, "strategy.particles.temperature: must be 0.001 to 1000, is 0"},
		{Revisions{N: 16, Chains: 4}, ""},
		{Revisions{N: 16, Chains: 0}, "strategy.revisions.chains: must be 1 to 16, is 0"},
		{Revisions{N: 16, Chains: 5}, "strategy.revisions.chains: must divide n = 16, is 5"},
		{Revisions{N: 1024, Chains: 2}, "strategy.revisions.n: must be at most 256 in a chain, is 512"},
		{Revisions{N: 16, Chains: 4, Feedback: true}, ""},
		{Revisions{N: 16, Chains: 4, Feedback: true, NoVerifier: true}, "strategy.revisions.feedback: needs a verifier: must be false with no_verifier"},
	} {
		err := test.s.Validate()
		if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
			t.Errorf("%+v: got %v, want %q", test.s, err, test.want)
		}
		if err != nil && !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%+v: %v is not an ErrInvalid", test.s, err)
		}
	}
}

// onlyOpen ends all but the first few children of the root with their first step.
type endsFirstSteps struct {
	*searchtest.Lock
	few int
}

func (o endsFirstSteps) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for c, err := range o.Lock.Expand(ctx, r) {
			if r.Node == "" && c.Ordinal >= o.few {
				c.Finish = reasoning.FinishEnd
			}
			if !yield(c, err) {
				return
			}
		}
	}
}
