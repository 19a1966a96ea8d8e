package backend

import (
	"context"
	"errors"
	"hash/fnv"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A grower grows single children, each of which has 10 tokens, when a test says so.
type grower struct {
	*Metered
	growths []*growth
}

// A growth is what a test sees of a growth.
type growth struct {
	Tokens int // that its child may generate; 0 while it waits
	Err    error
	ended  chan struct{}
}

// newGrower returns a grower within a budget of policy tokens.
func newGrower(tokens int64) *grower {
	g := &grower{}
	g.Metered = Meter(fake{expand: func(_ context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
		return func(yield func(policy.Child, error) bool) {
			child := g.growths[r.Ordinals[0]]
			child.Tokens = r.Sampling.MaxTokens
			<-child.ended
			yield(policy.Child{Ordinal: r.Ordinals[0], Usage: reasoning.Usage{Generated: 10}}, nil)
		}
	}}, Budget{PolicyTokens: tokens}, reasoning.Model{}, reasoning.Model{})
	return g
}

// grow starts a growth of one child with a limit of 64 tokens, and so a least of 32.
func (g *grower) grow(ctx context.Context) *growth {
	child := &growth{ended: make(chan struct{})}
	r := ask(1)
	r.Ordinals[0] = len(g.growths)
	g.growths = append(g.growths, child)
	reserved := g.Reserve(ctx, []search.Demand{{Request: r, Tokens: 64, Parts: 1}}, false)
	go func() {
		_, child.Err = children(reserved.Context(), g, r)
		reserved.Done(childID("", r.Ordinals[0]))
	}()
	synctest.Wait()
	return child
}

// end ends a child that has begun.
func (g *growth) end() {
	close(g.ended)
	synctest.Wait()
}

// A branch that runs dry waits for the others, and then what all have left goes to the first
// branches that wait.
func TestDryBranchWaitsForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrower(120)
		branches := g.Divide(t.Context(), 3)
		check := func(what string, child *growth, want int) {
			t.Helper()
			synctest.Wait()
			g.check(t)
			if child.Tokens != want || child.Err != nil {
				t.Errorf("%s: %d tokens are granted, error %v; want %d", what, child.Tokens, child.Err, want)
			}
		}
		a := g.grow(branches[0].Context)
		check("the first branch has a third", a, 40)
		a.end()
		a = g.grow(branches[0].Context)
		check("30 are left, and the others have not started", a, 0)
		b := g.grow(branches[1].Context)
		check("the second branch has a third", b, 40)
		b.end()
		b = g.grow(branches[1].Context)
		check("the first branch waits for the third", a, 0)
		check("the second branch waits for the third", b, 0)
		branches[2].End()
		check("the first has half of 100", a, 50)
		check("the second has half of 100", b, 50)
		a.end()
		a = g.grow(branches[0].Context)
		check("40 are left, which suffice", a, 40)
		b.end()
		b = g.grow(branches[1].Context)
		check("40 are left, which suffice", b, 40)
		a.end()
		a = g.grow(branches[0].Context)
		check("30 are left, and the second branch has not ended", a, 0)
		b.end()
		b = g.grow(branches[1].Context)
		check("60 are not enough for two: the first has all", a, 60)
		check("the second waits for the first", b, 0)
		a.end()
		branches[0].End()
		check("50 are left", b, 50)
		b.end()
		branches[1].End()
		g.audit(t)
	})
}

// The error of a refused child counts what branches that have not ended have spent.
func TestRefusalCountsWhatOpenBranchesSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrower(10)
		branches := g.Divide(t.Context(), 1)
		g.grow(branches[0].Context).end()
		refused := g.grow(branches[0].Context)
		if err := refused.Err; err == nil || !strings.Contains(err.Error(), ": 0 of 10 policy tokens are left") {
			t.Errorf("got error %v, want that 0 of 10 policy tokens are left", err)
		}
		branches[0].End()
		g.audit(t)
	})
}

// A branch that is cancelled while it waits does not keep the others waiting.
func TestCancelledBranchReleasesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrower(60)
		branches := g.Divide(t.Context(), 2)
		cancelled, cancel := context.WithCancel(branches[0].Context)
		a := g.grow(cancelled)
		if a.Tokens != 0 || a.Err != nil {
			t.Errorf("got %+v, want a growth that waits for the second branch", a)
		}
		cancel()
		synctest.Wait()
		branches[0].End()
		b := g.grow(branches[1].Context)
		b.end()
		if !errors.Is(a.Err, context.Canceled) || b.Tokens != 60 || b.Err != nil {
			t.Errorf("got %+v and %+v, want a cancelled growth, and 60 tokens for the other", a, b)
		}
		branches[1].End()
		g.audit(t)
	})
}

// A policy that sends too few children does not hold up those that wait for them.
func TestMissingChildEndsItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := searchtest.NewLock(0.5, nil)
		expand := func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
			r.Ordinals = r.Ordinals[1:]
			return lock.Expand(ctx, r)
		}
		m := Meter(fake{expand, lock.Score}, Budget{PolicyTokens: 80}, reasoning.Model{}, reasoning.Model{})
		tree := search.New(m, problem("s"))
		spent, err := search.Run(t.Context(), tree, search.BestOfN{N: 9})
		if faults := tree.Faults(); spent || err != nil || len(faults) != 1 || !strings.Contains(faults[0], "child 0") {
			t.Errorf("spent %v, error %v, faults %q; want the missing child", spent, err, faults)
		}
		m.audit(t)
	})
}

// Searches in branches and follow-ups end within any budget, with any delays, if engines fail,
// send too few children, or the search is cancelled: nothing waits for ever, spent and reserved
// amounts never exceed the bound, and nothing is reserved in the end.
func TestBranchesEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		percent := func(of string) float64 { return float64(rapid.IntRange(10, 110).Draw(rt, "percent of "+of)) / 100 }
		var b Budget // in parts of what the searches cost without one
		switch rapid.IntRange(0, 3).Draw(rt, "currency") {
		case 0:
			b.PolicyTokens = int64(100 * percent("tokens"))
		case 1:
			b.VerifierTokens = int64(700 * percent("verifier tokens"))
		case 2:
			b.FLOPs = 2e9 * percent("FLOPs")
		default:
			b = Budget{int64(100 * percent("tokens")), int64(700 * percent("verifier tokens")), 2e9 * percent("FLOPs")}
		}
		seed := rapid.Uint64().Draw(rt, "seed")
		faults := rapid.IntRange(0, 30).Draw(rt, "faults in a hundred")
		deadline := time.Hour // is not reached
		if rapid.Bool().Draw(rt, "cancelled") {
			deadline = time.Duration(rapid.IntRange(1, 20).Draw(rt, "seconds")) * time.Second
		}
		s := rapid.SampledFrom([]search.Strategy{
			search.DVTS{N: 8, M: 4, MaxLevels: 4}, search.DVTS{N: 12, M: 4, K: 1, MaxLevels: 4}, search.BestOfN{N: 9},
			search.Lookahead{N: 8, M: 4, K: 2, MaxLevels: 4}, search.Revisions{N: 9, Chains: 3},
			search.MCTS{N: 8, Width: 4, Parallel: 3, Exploration: 1, Rollout: true, Final: search.FinalValue, MaxLevels: 4},
		}).Draw(rt, "strategy")
		synctest.Test(t, func(t *testing.T) {
			lock := jittery(searchtest.NewLock(0.5, nil), seed)
			reply := lock.Reply
			lock.Reply = func(r policy.Request, ordinal int) policytest.Reply {
				answer := reply(r, ordinal)
				answer.Wasted.Generated = int64(min(1, r.Sampling.MaxTokens))
				if chance(seed, r.Node, ordinal) < faults {
					answer.Err = errors.New("engine broke")
				}
				return answer
			}
			delay := lock.OnScore
			lock.OnScore = func(r verifier.Request) (time.Duration, error) {
				took, err := delay(r)
				if chance(seed, r.Node, -1) < faults {
					err = errors.New("verifier broke")
				}
				return took, err
			}
			var m *Metered
			short := fake{score: lock.Score, expand: func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
				if len(r.Ordinals) > 1 && chance(seed, r.Node, r.Ordinals[0]-99) < faults {
					r.Ordinals = r.Ordinals[1:] // the policy sends too few
				}
				return lock.Expand(ctx, r)
			}}
			m = Meter(checked{short, func() { m.check(rt) }}, b, identity.Policy, identity.RewardModel.Model)
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			p := problem("s")
			p.Aggregator, p.Extract = verifier.AggregatorMin, searchtest.Extract
			_, _ = search.Run(ctx, search.New(m, p), s)
			if deadline == time.Hour && ctx.Err() != nil {
				rt.Error("the search waited for ever")
			}
			m.audit(rt)
			if bill := m.Bill().Total(); exceedsAny(bill, b) {
				rt.Errorf("cost %+v", bill)
			}
		})
	})
}

// chance returns a number below 100 that depends on a node.
func chance(seed uint64, node string, ordinal int) int {
	h := fnv.New64a()
	h.Write([]byte(node))
	return int(reasoning.Seed(seed^h.Sum64()).Child(ordinal) % 100)
}
