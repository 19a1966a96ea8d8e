package search

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// solution returns a scored node with an answer; "" is none.
func solution(answer string, scores ...float64) *Node {
	n := &Node{Finish: reasoning.FinishEnd, Scores: scores, Scored: true}
	for _, s := range scores {
		n.Steps = append(n.Steps, reasoning.Step{Text: "…\n", Score: s, Scored: true, Tokens: 2, LogProb: -s})
	}
	n.Answer = answer
	return n
}

// trimZeros is a Problem.Key that ignores leading zeros.
func trimZeros(answer string) string { return strings.TrimLeft(answer, "0") }

// drawSolutions draws solutions of few answers and few scores, so that there are ties.
func drawSolutions() *rapid.Generator[[]*Node] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *Node {
		answer := rapid.SampledFrom([]string{"", "1", "01", "2", "02", "3"}).Draw(t, "answer")
		scores := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0.25, 0.5, 1}), 1, 3).Draw(t, "scores")
		return solution(answer, scores...)
	}), 0, 12)
}

// definedWeight returns the weight of each solution by the definitions of choices.
func definedWeight(c Choice, all []*Node) func(*Node) float64 {
	last := func(n *Node) float64 { return verifier.AggregatorLast.Of(n.Scores) }
	least, most := math.Inf(1), math.Inf(-1)
	for _, n := range all {
		if n.Answer != "" {
			least, most = min(least, last(n)), max(most, last(n))
		}
	}
	return func(n *Node) float64 {
		switch c.By {
		case ByMin:
			return verifier.AggregatorMin.Of(n.Scores)
		case ByLast:
			return last(n)
		case ByAvg:
			return verifier.AggregatorAvg.Of(n.Scores)
		case ByProd:
			return verifier.AggregatorProd.Of(n.Scores)
		case ByORM:
			if least == most {
				return 1
			}
			return (last(n) - least) / (most - least)
		case ByCertainty:
			logProb, tokens := 0.0, 0
			for _, s := range n.Steps {
				logProb, tokens = logProb+s.LogProb, tokens+s.Tokens
			}
			return math.Exp(logProb / float64(tokens))
		}
		return 1
	}
}

// definedWinner returns the winner and its weight by the definitions of choices.
func definedWinner(c Choice, all []*Node) (winner string, weight float64) {
	value := definedWeight(c, all)
	weight = -1
	for _, n := range all {
		if n.Answer == "" {
			continue
		}
		sum, best := 0.0, 0.0
		for _, other := range all {
			if other.Answer != "" && trimZeros(other.Answer) == trimZeros(n.Answer) {
				sum += value(other)
				best = max(best, value(other))
			}
		}
		own := best
		if c.Pick == PickVote {
			own = sum
		}
		if own > weight { // of equal answers the first wins
			winner, weight = trimZeros(n.Answer), own
		}
	}
	return winner, weight
}

// Rank follows the definitions of choices.
func TestRank(t *testing.T) {
	for _, c := range Choices() {
		t.Run(c.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				all := drawSolutions().Draw(t, "solutions")
				ranked, err := c.Rank(all, trimZeros)
				if err != nil {
					t.Fatal(err)
				}
				answered := slices.DeleteFunc(slices.Clone(all), func(n *Node) bool { return n.Answer == "" })
				if len(ranked) == 0 {
					if len(answered) > 0 {
						t.Fatalf("no candidate of %d solutions with answers", len(answered))
					}
					return
				}
				if winner, weight := definedWinner(c, all); trimZeros(ranked[0].Answer) != winner || ranked[0].Weight != weight {
					t.Errorf("got %+v, want %s of weight %v", ranked[0], winner, weight)
				}
				count := 0
				for i, g := range ranked {
					count += g.Count
					first := slices.IndexFunc(answered, func(n *Node) bool { return keyOf(n) == trimZeros(g.Answer) })
					if want := answered[first].Answer; g.Answer != want {
						t.Errorf("answer %q, want %q, as in the first solution of its group", g.Answer, want)
					}
					// The candidate's node is the first of the group's best.
					var best *Node
					weight := definedWeight(c, all)
					for _, n := range answered {
						if keyOf(n) == trimZeros(g.Answer) && (best == nil || weight(n) > weight(best)) {
							best = n
						}
					}
					if g.Node != best {
						t.Errorf("answer %q has node %q %v, want %q %v",
							g.Answer, keyOf(g.Node), g.Node.Scores, keyOf(best), best.Scores)
					}
					if i > 0 && g.Weight > ranked[i-1].Weight {
						t.Errorf("%+v is ranked behind %+v", g, ranked[i-1])
					}
				}
				if count != len(answered) {
					t.Errorf("groups have %d solutions, want %d", count, len(answered))
				}
			})
		})
	}
}

func keyOf(n *Node) string { return trimZeros(n.Answer) }

// The order of solutions decides only between equal weights.
func TestRankPermutation(t *testing.T) {
	weights := func(ranked []Candidate) map[string]string {
		m := map[string]string{}
		for _, g := range ranked {
			m[trimZeros(g.Answer)] = fmt.Sprintf("%d %.9f", g.Count, g.Weight)
		}
		return m
	}
	rapid.Check(t, func(t *rapid.T) {
		all := drawSolutions().Draw(t, "solutions")
		c := rapid.SampledFrom(Choices()).Draw(t, "choice")
		before, err := c.Rank(all, trimZeros)
		if err != nil {
			t.Fatal(err)
		}
		after, err := c.Rank(rapid.Permutation(all).Draw(t, "permuted"), trimZeros)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(weights(after), weights(before)); diff != "" {
			t.Errorf("weights (-permuted +before):\n%s", diff)
		}
		clear := len(before) > 1 && before[0].Weight-before[1].Weight > 1e-9
		if clear && trimZeros(after[0].Answer) != trimZeros(before[0].Answer) {
			t.Errorf("%q wins, but after the permutation %q", before[0].Answer, after[0].Answer)
		}
	})
}

// Aggregators and picks differ: one set of solutions has three winners.
func TestRankTable(t *testing.T) {
	all := []*Node{
		solution("1", 0.5, 0.5), solution("1", 0.5, 0.45), solution("1", 0.4, 0.1),
		solution("2", 0.1, 1), solution("2", 0.2, 0.9),
		solution("3", 0.6, 0.6),
		solution("", 1), solution("4", 0, 0),
	}
	for choice, want := range map[string]string{
		"majority": "1 3", "min-max": "3 0.6", "last-max": "2 1", "avg-max": "3 0.6", "prod-max": "3 0.36",
		"min-vote": "1 1.05", "last-vote": "2 1.9", "avg-vote": "1 1.225", "prod-vote": "1 0.515",
	} {
		c, err := ParseChoice(choice)
		if err != nil {
			t.Fatal(err)
		}
		ranked, err := c.Rank(all, trimZeros)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %v", ranked[0].Answer, math.Round(ranked[0].Weight*1e6)/1e6); got != want {
			t.Errorf("%s: got %s, want %s", choice, got, want)
		}
	}
}

// Solutions without scores are no candidates of a choice that needs scores. If none has
// scores, Rank returns an error.
func TestRankUnscored(t *testing.T) {
	unscored := solution("1", 1)
	unscored.Scored, unscored.Scores = false, nil
	c := Choice{By: ByMin, Pick: PickMax}
	ranked, err := c.Rank([]*Node{unscored, solution("2", 0.1)}, trimZeros)
	if err != nil || len(ranked) != 1 || ranked[0].Answer != "2" {
		t.Errorf("got %+v and error %v, want answer 2", ranked, err)
	}
	if _, err := c.Rank([]*Node{unscored, unscored}, trimZeros); err == nil {
		t.Error("none has scores: got no error")
	}
	ranked, err = Choice{}.Rank([]*Node{unscored}, trimZeros)
	if err != nil || len(ranked) != 1 {
		t.Errorf("majority: got %+v and error %v, want answer 1", ranked, err)
	}
	if ranked, err := c.Rank(nil, trimZeros); err != nil || len(ranked) != 0 {
		t.Errorf("no solutions: got %+v and error %v, want none", ranked, err)
	}
}

// Each candidate's answer is in the text of its node, which is a solution of the tree, and a
// finalist if there are any. The winner has the largest weight.
func TestAnswersAreThoseOfSolutions(t *testing.T) {
	forEachStrategy(t, 8, func(t *testing.T, s Strategy) {
		rapid.Check(t, func(t *rapid.T) {
			p := newProblem(rapid.StringMatching("[0-9]{1,6}").Draw(t, "combination"))
			p.Seed = reasoning.Seed(rapid.Uint64().Draw(t, "seed"))
			tree := New(endsAtSeven{searchtest.NewLock(0.6, nil)}, p)
			if _, err := Run(t.Context(), tree, s); err != nil {
				t.Fatal(err)
			}
			c := rapid.SampledFrom(Choices()).Draw(t, "choice")
			if c.NeedsScores() && !s.NeedsVerifier() {
				c = Choice{}
			}
			solutions := slices.Collect(tree.Solutions())
			ranked, err := c.Rank(solutions, identity)
			if err != nil {
				t.Fatal(err)
			}
			nodes := slices.Collect(tree.Nodes())
			for _, n := range tree.Finalists {
				if !n.Done() || !slices.Contains(nodes, n) {
					t.Errorf("finalist %s is no solution of the tree", n.ID)
				}
			}
			votes := 0
			for _, g := range ranked {
				votes += g.Count
				answer, _ := searchtest.Extract(reasoning.Join(g.Node.Path()))
				if answer != g.Answer || !slices.Contains(solutions, g.Node) || !slices.Contains(nodes, g.Node) {
					t.Errorf("answer %q has node %s, whose answer is %q", g.Answer, g.Node.ID, answer)
				}
				if g.Weight > ranked[0].Weight {
					t.Errorf("%q of weight %v won over %q of %v", ranked[0].Answer, ranked[0].Weight, g.Answer, g.Weight)
				}
			}
			if votes != len(solutions) || len(ranked) == 0 {
				t.Errorf("%d votes of %d solutions", votes, len(solutions))
			}
		})
	})
}
