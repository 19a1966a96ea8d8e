package search

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// timeSearch returns how long s takes in a bubble, and the outline of its tree.
func timeSearch(t *testing.T, newBackend func() Backend, s Strategy) (took time.Duration, tree string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		grown := mustRun(t, newBackend(), s)
		took, tree = time.Since(start), outline(grown)
	})
	return took, tree
}

// A search takes as long as its longest chain of dependent calls, and no longer. Since all calls
// take the same time here, the chain follows from the strategy's definition.
func TestLatency(t *testing.T) {
	const step, score, depth = 10 * time.Second, time.Second, time.Duration(len(combination))
	const whole, level = depth * step, step + score
	want := map[string]time.Duration{
		"greedy":             whole,
		"majority":           whole,
		"majority-waves":     4 * whole, // the winner is certain only after the last wave
		"best-of-n":          whole + score,
		"beam":               depth * level,
		"beam-narrow":        depth * level,
		"beam-dedupe":        depth * level,
		"beam-narrow-dedupe": 2*level + 3*step + score, // the third of three levels runs to the end
		"lookahead":          3*(level+2*step) + (level + step) + level,
		"dvts":               depth * level,
		"dvts-lookahead":     4*(level+step) + level,
		"rebase":             depth * level,
		"rebase-exact":       depth * level,
		"particles":          depth * level,
		"particles-gibbs":    2 * depth * level,
		"revisions":          4 * (whole + score),
		"revisions-flat":     4 * (whole + score),
		"revisions-unscored": 16 * whole,
	}
	strategies := slices.Concat(allStrategies(16), allVariants(16))
	// A group of concurrent simulations takes as long as the deepest of them.
	mcts := MCTS{N: 4, Width: 4, Parallel: 4, Exploration: 1, Final: FinalVote, MaxLevels: 40}
	want["mcts-batch"] = depth * level
	strategies = append(strategies, variant{mcts, "mcts-batch"})
	mcts.Rollout = true
	want["mcts-rollout-batch"] = level + 4*step + score
	strategies = append(strategies, variant{mcts, "mcts-rollout-batch"})
	for _, s := range strategies {
		want, ok := want[s.Name()]
		if !ok {
			continue
		}
		got, _ := timeSearch(t, func() Backend {
			lock := searchtest.NewLock(0.1, func(r policy.Request, _ int) time.Duration {
				return step * time.Duration(stepsOf(r))
			})
			lock.OnScore = func(verifier.Request) (time.Duration, error) { return score, nil }
			return lock
		}, s)
		if got != want {
			t.Errorf("%s took %v, want %v", s.Name(), got, want)
		}
	}
}

// A child is scored as soon as it is generated, while its siblings are still being generated.
func TestScoringDoesNotWaitForSiblings(t *testing.T) {
	generate := []time.Duration{1 * time.Second, 2 * time.Second, 30 * time.Second}
	score := map[string]time.Duration{"0": 30 * time.Second, "1": 20 * time.Second, "2": 1 * time.Second}
	got, _ := timeSearch(t, func() Backend {
		lock := searchtest.NewLock(0.5, func(_ policy.Request, i int) time.Duration { return generate[i] })
		lock.OnScore = func(r verifier.Request) (time.Duration, error) { return score[r.Node], nil }
		return lock
	}, BestOfN{N: 3})
	if want := 31 * time.Second; got != want {
		t.Errorf("took %v, want %v for generating and scoring one child; scoring after all are generated takes 60s", got, want)
	}
}

// timed returns backends of solutions of depth steps, whose nodes differ in their delays and
// scores.
func timed(depth int, delay func(id string) time.Duration, score func(id string) float64) func() Backend {
	return func() Backend {
		return bySpec(depth, func(id string) spec { return spec{delay: delay(id), score: score(id)} })
	}
}

// timedBy returns backends whose nodes take that many seconds, and have equal scores.
func timedBy(depth int, seconds map[string]time.Duration) func() Backend {
	return timed(depth, func(id string) time.Duration { return seconds[id] * time.Second }, equalScores)
}

func equalScores(string) float64 { return 0.5 }

func ordinals(id string) []string { return strings.Split(id, ".") }

// Subtrees do not wait for each other. Subtree i is slow on its level i, and in each the
// first child is best, so that a beam keeps the same nodes. The beam waits for a slow node
// on every level but the last.
func TestDVTSDoesNotWaitForStragglers(t *testing.T) {
	backends := timed(5, func(id string) time.Duration {
		path := ordinals(id)
		first, err := strconv.Atoi(path[0])
		if err != nil {
			t.Error(err)
		}
		if subtree := 1 + first/4; len(path) == subtree {
			return 10 * time.Second
		}
		return time.Second
	}, func(id string) float64 {
		path := ordinals(id)
		if last := path[len(path)-1]; last == "0" || len(path) == 1 && slices.Contains([]string{"4", "8", "12"}, last) {
			return 0.9
		}
		return 0.1
	})
	dvtsTime, subtrees := timeSearch(t, backends, DVTS{N: 16, M: 4, MaxLevels: 40})
	beamTime, beam := timeSearch(t, backends, Beam{N: 16, M: 4, MaxLevels: 40})
	if dvtsTime != 14*time.Second || beamTime != 41*time.Second {
		t.Errorf("DVTS took %v and a beam %v, want 10s + 4×1s = 14s and 4×10s + 1s = 41s", dvtsTime, beamTime)
	}
	wantEqual(t, "nodes of DVTS and of a beam", subtrees, beam)
}

// Chains do not wait for each other. Chain i is slow at its attempt i.
func TestRevisionsDoNotWaitForStragglers(t *testing.T) {
	backends := timed(1, func(id string) time.Duration {
		if path := ordinals(id); path[0] == string('0'+rune(len(path)-1)) {
			return 10 * time.Second
		}
		return time.Second
	}, equalScores)
	if got, _ := timeSearch(t, backends, Revisions{N: 16, Chains: 4}); got != 13*time.Second {
		t.Errorf("took %v, want 10s + 3×1s; chains in lock step take 40s", got)
	}
}

// A rollout starts as soon as its own step is generated.
func TestRolloutsDoNotWaitForSiblings(t *testing.T) {
	backends := timedBy(4, map[string]time.Duration{"0": 1, "1": 2, "2": 30, "0.0": 30, "1.0": 20, "2.0": 1})
	for _, s := range []Strategy{Lookahead{N: 3, M: 1, K: 2, MaxLevels: 2}, DVTS{N: 3, M: 3, K: 2, MaxLevels: 2}} {
		if got, _ := timeSearch(t, backends, s); got != 31*time.Second {
			t.Errorf("%s took %v, want 31s for a step and its rollout; rollouts after all steps take 60s", s.Name(), got)
		}
	}
}

// The rollouts of a subtree do not wait for another subtree.
func TestRolloutsDoNotWaitForOtherSubtrees(t *testing.T) {
	backends := timedBy(4, map[string]time.Duration{"0": 1, "0.0": 1, "0.1": 30, "1": 30, "1.0": 1, "1.1": 1})
	if got, _ := timeSearch(t, backends, DVTS{N: 2, M: 1, K: 1, MaxLevels: 2}); got != 32*time.Second {
		t.Errorf("took %v, want 32s: subtrees take 1s + 1s + 30s and 30s + 1s + 1s; in lock step they take 61s", got)
	}
}

// A majority ends when its winner is certain, and stops the samples that are being generated. The
// tree has the samples of the lowest ordinals, whatever order they are generated in.
func TestMajorityEndsWhenItIsCertain(t *testing.T) {
	for name, test := range map[string]struct {
		s      Majority
		delays []time.Duration
		want   time.Duration
		nodes  int
	}{
		"certain":      {Majority{N: 9}, []time.Duration{1, 2, 3, 4, 5}, 5, 5},
		"out of order": {Majority{N: 9}, []time.Duration{6, 1, 5, 2, 1, 3}, 6, 5},
		"confident":    {Majority{N: 9, Confidence: 0.9}, []time.Duration{1, 2, 3, 4, 5}, 3, 3},
		"in waves":     {Majority{N: 9, Wave: 2}, []time.Duration{1, 2, 3, 4, 5, 6}, 2 + 4 + 6, 6},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := bySpec(1, func(id string) spec {
				if sample := int(id[0] - '0'); sample < len(test.delays) {
					return spec{text: "1", delay: test.delays[sample] * time.Second}
				}
				return spec{text: "2", delay: time.Hour}
			})
			start := time.Now()
			tree := New(b, newProblem(combination))
			states := map[string]State{}
			tree.Observe = func(n *Node) { states[n.ID] = n.State }
			if spent, err := Run(t.Context(), tree, test.s); spent || err != nil {
				t.Fatalf("%s: budget spent: %t, error: %v", name, spent, err)
			}
			for id, state := range states {
				want := StatePruned
				if int(id[0]-'0') < test.nodes {
					want = StateFinished
				}
				if state != want {
					t.Errorf("%s: node %s is %v, want %v", name, id, state, want)
				}
			}
			if got := time.Since(start); got != test.want*time.Second {
				t.Errorf("%s: took %v, want %v", name, got, test.want*time.Second)
			}
			wantEqual(t, name+": levels", levelSizes(tree), []int{test.nodes})
			for _, c := range b.Calls() {
				if !c.Ended {
					t.Errorf("%s: a request to the policy did not end", name)
				}
			}
			if faults := tree.Faults(); len(faults) > 0 {
				t.Errorf("%s: faults %q", name, faults)
			}
		})
	}
}
