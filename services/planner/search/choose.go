package search

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Choice says how one answer is picked from the solutions that a search found.
// Searching and choosing are separate questions: any Strategy goes with any Choice
// that has the scores it needs. The zero Choice is Majority.
type Choice struct {
	Aggregator verifier.Aggregator // of a solution's step scores; 0 is Majority, which needs none
	Vote       bool                // add up the values of equal answers; else the single best solution wins
}

// Judged says whether the choice needs scores.
func (c Choice) Judged() bool { return c.Aggregator != 0 }

// String is the choice's name: "majority", "min-max", "prod-vote" …
func (c Choice) String() string {
	switch {
	case !c.Judged():
		return "majority"
	case c.Vote:
		return c.Aggregator.String() + "-vote"
	}
	return c.Aggregator.String() + "-max"
}

// Choices are all there are.
func Choices() []Choice {
	all := []Choice{{}}
	for _, a := range []verifier.Aggregator{verifier.Min, verifier.Last, verifier.Avg, verifier.Prod} {
		all = append(all, Choice{a, false}, Choice{a, true})
	}
	return all
}

// ParseChoice is the choice with this name.
func ParseChoice(name string) (Choice, error) {
	for _, c := range Choices() {
		if c.String() == name {
			return c, nil
		}
	}
	return Choice{}, reasoning.Invalid("choice", "%q must be one of %v", name, Choices())
}

// A Candidate is an answer that solutions agree on.
type Candidate struct {
	Answer string  // as the first of them wrote it
	Count  int     // solutions that have it
	Weight float64 // by the choice: a count, a sum of values, or the best value
	Node   *Node   // the solution to show: the best-valued of them, or the first
}

// Rank groups solutions by answer and returns the groups, heaviest first; ties go
// to the group that was first. Extract finds a solution's answer: what has none is
// dropped. Key must map answers that are the same to one string, so that sameness
// is an equivalence: a lenient comparison must never group votes.
//
// A choice that needs scores leaves out solutions that could not be judged. An error
// says that none was.
func (c Choice) Rank(solutions []*Node, extract func(text string) (string, bool), key func(answer string) string) ([]Candidate, error) {
	var ranked []Candidate
	var best []float64 // value of each group's Node
	index := map[string]int{}
	unjudged := 0
	for _, n := range solutions {
		text, ok := extract(reasoning.Join(n.Path()))
		if !ok {
			continue
		}
		value := 1.0
		if c.Judged() {
			if !n.Judged {
				unjudged++
				continue
			}
			value = c.Aggregator.Of(n.Scores)
		}
		k := key(text)
		i, seen := index[k]
		if !seen {
			i = len(ranked)
			index[k] = i
			ranked = append(ranked, Candidate{Answer: text, Node: n})
			best = append(best, value)
		}
		g := &ranked[i]
		g.Count++
		if value > best[i] {
			best[i], g.Node = value, n
		}
		if c.Vote || !c.Judged() {
			g.Weight += value
		} else {
			g.Weight = best[i]
		}
	}
	if len(ranked) == 0 && unjudged > 0 {
		return nil, fmt.Errorf("choice %s: none of %d solutions was judged", c, unjudged)
	}
	slices.SortStableFunc(ranked, func(a, b Candidate) int { return cmp.Compare(b.Weight, a.Weight) })
	return ranked, nil
}
