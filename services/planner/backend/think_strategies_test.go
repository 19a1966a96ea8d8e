package backend

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// thinkingLock returns a lock whose policy thinks for a random number of lines, ends its
// thinking, and dials. Every strategy runs on it.
func thinkingLock() *searchtest.Lock {
	lock := searchtest.NewLock(0.6, nil)
	lock.Script = &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		c := policy.Child{Finish: reasoning.FinishEnd}
		left, seed := r.Sampling.MaxTokens, r.Seed.Child(ordinal)
		before := strings.Join(r.Steps, "")
		for i := 0; ; i++ {
			chance := uint64(seed.Child(i))
			line := fmt.Sprintf("%d\n", chance%10)
			over := strings.Contains(before, "#\n")
			switch {
			case strings.HasSuffix(before, "A:"):
				line = fmt.Sprintf("%d\n", chance%10)
			case over:
				line = "A:" + line
			case chance>>8%4 == 0:
				line = "#\n"
			}
			cut := min(left, len(line))
			c.Steps = append(c.Steps, reasoning.Step{Text: line[:cut], Tokens: cut})
			before += line[:cut]
			left -= cut
			switch {
			case cut < len(line):
				c.Finish = reasoning.FinishLength
				return policytest.Reply{Child: c}
			case over:
				return policytest.Reply{Child: c}
			case len(c.Steps) == r.Span:
				c.Finish = reasoning.FinishStep
				return policytest.Reply{Child: c}
			case left == 0:
				c.Finish = reasoning.FinishLength
				return policytest.Reply{Child: c}
			}
		}
	}}
	return lock
}

func everyStrategy(n, m int) []search.Strategy {
	return []search.Strategy{
		search.Greedy{}, search.Majority{N: n, Exhaustive: true}, search.BestOfN{N: n},
		search.Beam{N: n, M: m, MaxLevels: 40},
		search.Lookahead{N: n, M: m, K: 2, MaxLevels: 40}, search.DVTS{N: n, M: m, MaxLevels: 40},
		search.Rebase{N: n, Balance: 0.2, MaxLevels: 40},
		search.MCTS{N: n, Width: m, Parallel: m, Exploration: 1, Final: search.FinalVote, MaxLevels: 40},
		search.Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: 40}, search.Revisions{N: n, Chains: m},
	}
}

// outline returns the nodes of a tree with their texts.
func outline(t *search.Tree) (lines []string) {
	for n := range t.Nodes() {
		lines = append(lines, fmt.Sprintf("%s %q %v", n.ID, reasoning.Texts(n.Steps), n.Finish))
	}
	return lines
}

// violations returns the bounds on thinking that the paths of a tree break.
func violations(tree *search.Tree, how Thinking) (faults []string) {
	for n := range tree.Nodes() {
		text := reasoning.Join(n.Path())
		thought, _, over := strings.Cut(text, "#\n")
		if got := len(strings.ReplaceAll(thought, "Wait\n", "")); got > how.Max+1 { // a forced newline is no token
			faults = append(faults, fmt.Sprintf("%s thinks %d tokens, at most %d are allowed: %q", n.ID, got, how.Max, text))
		}
		if waited := strings.Count(text, "Wait\n"); strings.Count(text, "#\n") > 1 || waited > how.Waits ||
			over && waited < how.Waits && len(thought) < how.Max-2 {
			faults = append(faults, fmt.Sprintf("%s waits %d times: %q", n.ID, waited, text))
		}
		if n.Done() && !strings.Contains(text, "#\nA:") {
			faults = append(faults, fmt.Sprintf("%s ends without an answer: %q", n.ID, text))
		}
	}
	return faults
}

// Budget forcing works with every strategy: paths keep the bound, think as long as they must,
// and end in answers; a second run is the same; a replay from the memo makes no request and
// has the same bill; and a budget is kept to the token.
func TestEveryStrategyThinks(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	how := Thinking{Mode: ModeForce, Max: 12, Waits: 1}
	for _, s := range everyStrategy(8, 4) {
		t.Run(s.Name(), func(t *testing.T) {
			store := NewMemory(1 << 20)
			grow := func(w search.Backend) *search.Tree {
				p := problem("a")
				p.Aggregator = verifier.AggregatorMin
				p.Extract = func(text string) (string, bool) { _, a, ok := strings.Cut(text, "A:"); return a, ok }
				tree := search.New(w, p)
				if _, err := search.Run(t.Context(), tree, s); err != nil {
					t.Fatal(err)
				}
				return tree
			}
			run := func(lock *searchtest.Lock, b Budget) (*search.Tree, reasoning.Bill) {
				m := Meter(Memo(Retry(lock, Backoff{}), store, identity), b, identity.Policy, identity.RewardModel.Model)
				tree := grow(Think(m, how, format))
				return tree, m.Bill()
			}
			if faults := violations(grow(thinkingLock()), how); len(faults) == 0 {
				t.Error("without Think nothing is broken either: the test sees nothing")
			}
			tree, bill := run(thinkingLock(), Budget{})
			for _, fault := range violations(tree, how) {
				t.Error(fault)
			}
			solutions, forced, waited := 0, 0, 0
			for n := range tree.Nodes() {
				text := reasoning.Join(n.Path())
				waited += strings.Count(text, "Wait\n")
				if n.Done() {
					solutions++
					thought, _, _ := strings.Cut(text, "#\n")
					if len(thought) >= how.Max {
						forced++
					}
				}
			}
			if solutions == 0 || s.Name() != "greedy" && (forced == 0 || waited == 0) {
				t.Errorf("%d solutions, %d at the bound, %d that waited: the test sees nothing", solutions, forced, waited)
			}
			store = NewMemory(1 << 20)
			again, _ := run(thinkingLock(), Budget{})
			if diff := cmp.Diff(outline(again), outline(tree)); diff != "" {
				t.Errorf("a second run (-got +want):\n%s", diff)
			}
			lock := thinkingLock()
			replayed, cost := run(lock, Budget{})
			if diff := cmp.Diff(outline(replayed), outline(tree)); diff != "" || len(lock.Calls()) > 0 {
				t.Errorf("a replay sent %d requests (-got +want):\n%s", len(lock.Calls()), diff)
			}
			if cost.Policy.Generated != bill.Policy.Generated {
				t.Errorf("a replay costs %d tokens, the first run %d", cost.Policy.Generated, bill.Policy.Generated)
			}
			for tokens := int64(1); tokens < bill.Policy.Generated+10; tokens += 3 + bill.Policy.Generated/16 {
				store = NewMemory(1 << 20)
				if _, bill := run(thinkingLock(), Budget{PolicyTokens: tokens}); bill.Policy.Generated > tokens {
					t.Errorf("with a budget of %d tokens %d were generated", tokens, bill.Policy.Generated)
				}
			}
		})
	}
}

// A tree does not depend on the order in which parts arrive.
func TestOrderOfPartsDoesNotMatter(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, s := range everyStrategy(8, 4) {
		t.Run(s.Name(), func(t *testing.T) {
			var want []string
			for i := range 4 {
				synctest.Test(t, func(t *testing.T) {
					lock := thinkingLock()
					if say := lock.Reply; i > 0 {
						lock.Reply = func(r policy.Request, ordinal int) policytest.Reply {
							l := say(r, ordinal)
							l.Delay = rand.N(time.Second)
							return l
						}
						lock.OnScore = func(verifier.Request) (time.Duration, error) { return rand.N(time.Second), nil }
					}
					p := problem("a")
					p.Aggregator = verifier.AggregatorMin
					p.Extract = searchtest.Extract
					tree := search.New(Think(lock, Thinking{Mode: ModeForce, Max: 12, Waits: 1}, format), p)
					if _, err := search.Run(t.Context(), tree, s); err != nil {
						t.Fatal(err)
					}
					if i == 0 {
						want = outline(tree)
					} else if diff := cmp.Diff(outline(tree), want); diff != "" {
						t.Errorf("(-got +want):\n%s", diff)
					}
				})
			}
		})
	}
}

// The bill of any thinking is the sum of its steps' tokens, and its steps join to its text.
func TestThinkingIsAccountedFor(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	rapid.Check(t, func(rt *rapid.T) {
		how := Thinking{Mode: ModeForce, Max: rapid.IntRange(1, 30).Draw(rt, "max")}
		how.Waits = rapid.IntRange(0, 3).Draw(rt, "waits")
		how.Min = rapid.IntRange(0, how.Max).Draw(rt, "min")
		how.EmptyWait = how.Waits+how.Min > 0 && rapid.Bool().Draw(rt, "empty wait")
		lock := thinkingLock()
		m := Meter(lock, Budget{}, identity.Policy, reasoning.Model{})
		w := Think(m, how, format)
		r := ask(rapid.IntRange(1, 6).Draw(rt, "children"))
		r.Seed = reasoning.Seed(rapid.Uint64().Draw(rt, "seed"))
		r.Span = rapid.IntRange(0, 3).Draw(rt, "span")
		r.Sampling.MaxTokens = rapid.IntRange(1, 40).Draw(rt, "max tokens")
		all, err := children(t.Context(), w, r)
		if err != nil {
			rt.Fatal(err)
		}
		var sum int64
		for _, c := range all {
			sum += c.Usage.Generated
			if tokens(c.Steps) != c.Usage.Generated || c.Usage.Generated > int64(r.Sampling.MaxTokens) {
				rt.Errorf("%+v: steps have %d tokens, the usage %d, and the limit is %d",
					c, tokens(c.Steps), c.Usage.Generated, r.Sampling.MaxTokens)
			}
		}
		if got := m.Bill().Policy.Generated; got != sum || len(all) != len(r.Ordinals) {
			rt.Errorf("%d children of %d tokens, the bill says %d", len(all), sum, got)
		}
		got := ordinals(all)
		slices.Sort(got)
		if !slices.Equal(got, r.Ordinals) {
			rt.Errorf("got children %v, want %v", got, r.Ordinals)
		}
	})
}
