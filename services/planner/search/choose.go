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
	By   Worth // what a solution counts for
	Vote bool  // add up the worth of equal answers; else the single best solution wins
}

// A Worth is a way to value a solution.
type Worth int

const (
	One       Worth = iota // each the same: majority
	ByMin                  // the reward model's scores of its steps, aggregated
	ByLast                 //
	ByAvg                  //
	ByProd                 //
	ByORM                  // the last score, as an outcome reward model has one alone, brought to [0,1] by the least and the largest among the solutions (Liu et al. 2025, arXiv 2502.06703, §4.1)
	Certainty              // the policy's own mean probability of a token: no verifier. Of self-certainty (Kang et al. 2025, arXiv 2502.18581) it is what engines tell: the chosen tokens' log-probabilities, not whole distributions
)

var worths = []string{"", "min", "last", "avg", "prod", "orm", "certainty"}

// By is the choice by the scores that an aggregator makes one of; by majority if it is 0.
func By(a verifier.Aggregator, vote bool) Choice { return Choice{Worth(a), vote && a != 0} }

// Judged says whether the choice needs a verifier's scores.
func (c Choice) NeedsScores() bool { return c.By >= ByMin && c.By <= ByORM }

// String is the choice's name: "majority", "min-max", "prod-vote" …
func (c Choice) String() string {
	switch {
	case c.By == One:
		return "majority"
	case c.By < One || c.By > Certainty:
		return "unknown"
	case c.Vote:
		return worths[c.By] + "-vote"
	}
	return worths[c.By] + "-max"
}

// of is what a solution is worth; ByORM is not normalised yet.
func (w Worth) of(n *Node) float64 {
	switch w {
	case One:
		return 1
	case Certainty:
		return likelihood(n.Path())
	case ByORM:
		return verifier.AggregatorLast.Of(n.Scores)
	}
	return verifier.Aggregator(w).Of(n.Scores)
}

// Choices are all there are.
func Choices() []Choice {
	all := []Choice{{}}
	for w := ByMin; w <= Certainty; w++ {
		all = append(all, Choice{w, false}, Choice{w, true})
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
	type ballot struct {
		node   *Node
		answer string
		worth  float64
	}
	var ballots []ballot
	unscored := 0
	for _, n := range solutions {
		text, ok := extract(reasoning.Join(n.Path()))
		switch {
		case !ok:
		case c.NeedsScores() && !n.Scored:
			unscored++
		default:
			ballots = append(ballots, ballot{n, text, c.By.of(n)})
		}
	}
	if len(ballots) == 0 && unscored > 0 {
		return nil, fmt.Errorf("choice %s: none of %d solutions was judged", c, unscored)
	}
	if c.By == ByORM && len(ballots) > 0 {
		compare := func(a, b ballot) int { return cmp.Compare(a.worth, b.worth) }
		least, most := slices.MinFunc(ballots, compare).worth, slices.MaxFunc(ballots, compare).worth
		for i := range ballots {
			if ballots[i].worth -= least; most > least {
				ballots[i].worth /= most - least
			} else {
				ballots[i].worth = 1
			}
		}
	}
	var ranked []Candidate
	var best []float64 // worth of each group's Node
	index := map[string]int{}
	for _, b := range ballots {
		k := key(b.answer)
		i, seen := index[k]
		if !seen {
			i = len(ranked)
			index[k] = i
			ranked = append(ranked, Candidate{Answer: b.answer, Node: b.node})
			best = append(best, b.worth)
		}
		g := &ranked[i]
		g.Count++
		if b.worth > best[i] {
			best[i], g.Node = b.worth, b.node
		}
		if c.Vote || c.By == One {
			g.Weight += b.worth
		} else {
			g.Weight = best[i]
		}
	}
	slices.SortStableFunc(ranked, func(a, b Candidate) int { return cmp.Compare(b.Weight, a.Weight) })
	return ranked, nil
}
