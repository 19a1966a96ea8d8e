package backend

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// budgeted returns strategies of all kinds: level by level, in branches, with rollouts, with
// several growths at a time, and with children that are stopped.
func budgeted() map[string]search.Strategy {
	found := map[string]search.Strategy{
		"majority-early": search.Majority{N: 16},
		"majority-waves": search.Majority{N: 16, Wave: 4, Confidence: 0.9},
		"beam-narrow":    search.Beam{N: 16, M: 4, MaxLevels: 40, Narrow: true},
		"dvts-lookahead": search.DVTS{N: 16, M: 4, K: 1, MaxLevels: 40},
		"rebase-exact":   search.Rebase{N: 16, Balance: 0.2, Exact: true, MaxLevels: 40},
		"mcts-rollout": search.MCTS{
			N: 16, Width: 4, Parallel: 4, Exploration: 1, Rollout: true, Final: search.FinalValue, MaxLevels: 40,
		},
		"particles-gibbs": search.Particles{N: 16, Iterations: 2, Temperature: 0.5, Sample: true, MaxLevels: 40},
		"revisions-flat":  search.Revisions{N: 16, Chains: 4, Flat: true},
	}
	for _, s := range everyStrategy(16, 4) {
		found[s.Name()] = s
	}
	return found
}

// jittery returns the lock with random delays of its children and scores.
func jittery(lock *searchtest.Lock, seed uint64) *searchtest.Lock {
	timing := func(parts ...any) time.Duration {
		h := fnv.New64a()
		fmt.Fprint(h, parts...)
		return time.Duration(rand.New(rand.NewPCG(seed, h.Sum64())).IntN(1000)) * time.Millisecond
	}
	reply := lock.Reply
	lock.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		l := reply(r, ordinal)
		l.Delay = timing(r.Node, r.Steps, ordinal)
		return l
	}
	lock.OnScore = func(r verifier.Request) (time.Duration, error) { return timing(r.Node, r.Steps), nil }
	return lock
}

// sketch returns a text of all that a strategy sees of a tree.
func sketch(t *search.Tree) string {
	var b strings.Builder
	for n := range t.Nodes() {
		fmt.Fprintf(&b, "%s %q %v %v %v %.4f\n", n.ID, reasoning.Texts(n.Steps), n.Finish, n.State, n.Scored, n.Value)
	}
	for _, n := range t.Finalists {
		fmt.Fprintln(&b, "finalist", n.ID)
	}
	return b.String()
}

// bounds returns budgets of each kind, as parts of the cost of a search without one.
func bounds(whole reasoning.Usage) (budgets []Budget) {
	for _, part := range []float64{0.1, 0.35, 0.6, 0.9} {
		b := Budget{
			PolicyTokens:   int64(part * float64(whole.Generated)),
			VerifierTokens: int64(part * float64(whole.Verifier)),
			FLOPs:          part * whole.FLOPs,
		}
		budgets = append(budgets, Budget{PolicyTokens: b.PolicyTokens}, Budget{FLOPs: b.FLOPs}, b)
		if whole.Verifier > 0 {
			budgets = append(budgets, Budget{VerifierTokens: b.VerifierTokens})
		}
	}
	return budgets
}

// A checked is a Backend that calls check with each request.
type checked struct {
	search.Backend
	check func()
}

func (c checked) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	c.check()
	return c.Backend.Expand(ctx, r)
}

func (c checked) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	c.check()
	return c.Backend.Score(ctx, r)
}

// A budgetedRun is one search within a budget.
type budgetedRun struct {
	strategy search.Strategy
	how      *Thinking
	budget   Budget
	store    Store
	seed     uint64                        // of the delays
	control  func(*Metered) search.Backend // replaces the meter; nil for none
	took     time.Duration
}

// tree runs the search and returns its tree, its bill, and the number of children and scores
// that it has requested.
func (r *budgetedRun) tree(t *testing.T) (tree string, bill reasoning.Bill, asked int) {
	p := problem("s")
	p.Aggregator, p.Extract = verifier.AggregatorMin, searchtest.Extract
	lock := searchtest.NewLock(0.5, nil)
	if r.how != nil {
		lock = thinkingLock()
	}
	synctest.Test(t, func(t *testing.T) {
		lock, began := jittery(lock, r.seed), time.Now()
		var m *Metered
		m = Meter(checked{Memo(lock, r.store, identity), func() {
			m.check(t)
		}}, r.budget, identity.Policy, identity.RewardModel.Model)
		var b search.Backend = m
		if r.control != nil {
			b = r.control(m)
		}
		if r.how != nil {
			b = Think(b, *r.how, lookup(t, "pocket-think-v1"))
		}
		grown := search.New(b, p)
		if _, err := search.Run(t.Context(), grown, r.strategy); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
		r.took = time.Since(began)
		tree, bill, asked = sketch(grown), m.Bill(), len(lock.Calls())+len(lock.ScoreRequests())
		if total := bill.Total(); exceedsAny(total, r.budget) {
			t.Errorf("%+v: cost %+v", r, total)
		}
		m.audit(t)
	})
	return tree, bill, asked
}

// exceedsAny reports whether a cost exceeds a bound of a budget.
func exceedsAny(cost reasoning.Usage, b Budget) bool {
	return exceeds(cost.Generated, b.PolicyTokens) || exceeds(cost.Verifier, b.VerifierTokens) ||
		exceeds(cost.FLOPs, b.FLOPs)
}

func exceeds[N int64 | float64](cost, bound N) bool { return bound != 0 && cost > bound }

// A search within a budget is repeatable, with any delays: replayed over its memo it has the
// same tree and bill and requests nothing, and without a memo it has the same tree and bill
// at other delays. It never costs more than its budget.
func TestBudgetedSearchesRepeat(t *testing.T) {
	for _, how := range []*Thinking{nil, {Mode: ModeForce, Max: 12, Waits: 1}, {Mode: ModeReject, Max: 9}} {
		for name, s := range budgeted() {
			if how != nil {
				name = fmt.Sprintf("%s-thinking-%d", name, how.Mode)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				seeds := uint64(100)
				if how != nil {
					seeds = 16 // one for each budget, as thinking changes only the requests of a child
				}
				_, whole, _ := (&budgetedRun{strategy: s, how: how, store: NewMemory(1 << 20)}).tree(t)
				budgets := bounds(whole.Total())
				for seed := range seeds {
					b := budgets[seed%uint64(len(budgets))]
					first := budgetedRun{strategy: s, how: how, budget: b, store: NewMemory(1 << 20), seed: seed}
					tree, bill, _ := first.tree(t)
					again := first
					again.seed += 1000
					replayed, cost, asked := again.tree(t)
					if replayed != tree || asked > 0 || cost != bill && !stopsInFlight(s) {
						t.Errorf("%+v, seed %d: the replay has %d requests and bill %+v, want none and %+v; tree (-got +want):\n%s",
							b, seed, asked, cost, bill, cmp.Diff(replayed, tree))
					}
					if seed >= uint64(len(budgets)) {
						continue
					}
					again.store = NewMemory(1 << 20)
					if other, _, _ := again.tree(t); other != tree {
						t.Errorf("%+v, seed %d: at other speeds another tree (-got +want):\n%s", b, seed, cmp.Diff(other, tree))
					}
				}
			})
		}
	}
}

// An undivided is a Metered whose branches have no parts: they take from one account, first
// come first served.
type undivided struct{ *Metered }

func (u undivided) Divide(ctx context.Context, n int) []search.Branch {
	return search.Undivided(ctx, n)
}

// The control of the test above: with grants that depend on timing, searches do not repeat.
func TestGrantsInTheOrderOfCallsDoNotRepeat(t *testing.T) {
	for name, control := range map[string]func(*Metered) search.Backend{
		"nothing is reserved before requests":  func(m *Metered) search.Backend { return struct{ search.Backend }{m} },
		"branches are first come first served": func(m *Metered) search.Backend { return undivided{m} },
	} {
		t.Run(name, func(t *testing.T) {
			s := search.DVTS{N: 16, M: 4, MaxLevels: 40}
			_, whole, _ := (&budgetedRun{strategy: s, store: NewMemory(1 << 20)}).tree(t)
			others := 0
			for seed := range uint64(100) {
				first := budgetedRun{
					strategy: s,
					budget: Budget{
						PolicyTokens: whole.Policy.Generated * 3 / 5, VerifierTokens: whole.Verifier.Verifier * 3 / 5,
					},
					store: NewMemory(1 << 20), seed: seed, control: control,
				}
				tree, _, _ := first.tree(t)
				first.seed += 1000
				if replayed, _, _ := first.tree(t); replayed != tree {
					others++
				}
			}
			t.Logf("%d of 100 replays grew another tree", others)
			if others == 0 {
				t.Error("all replays grew the same tree: the test sees nothing")
			}
		})
	}
}

// With a budget of tokens that suffices nothing waits: a search takes as long as without a
// budget.
func TestAmpleBudgetsTakeNoTime(t *testing.T) {
	for name, s := range budgeted() {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for _, b := range []Budget{{}, {PolicyTokens: 1e6}} {
				r := budgetedRun{strategy: s, budget: b, store: NewMemory(1 << 20), seed: 1}
				r.tree(t)
				took = append(took, r.took)
			}
			if took[0] != took[1] || took[0] == 0 {
				t.Errorf("took %v, and within a budget %v", took[0], took[1])
			}
		})
	}
}

func stopsInFlight(s search.Strategy) bool {
	e, ok := s.(search.EarlyStopper)
	return ok && e.StopsInFlight()
}

// audit checks that nothing is reserved of a budget after a search.
func (m *Metered) audit(t interface{ Errorf(string, ...any) }) {
	if m.ledger == nil {
		return
	}
	a, cost := m.ledger.account, costOf(m.bill.Total())
	if a.reserved != (amount{}) || len(a.reservations)+len(a.branches) > 0 || a.spent != cost {
		t.Errorf("%v reserved by %d growths and %d branches, and %v spent in the end, want nothing and %v",
			a.reserved, len(a.reservations), len(a.branches), a.spent, cost)
	}
}
