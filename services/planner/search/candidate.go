package search

import (
	"cmp"
	"fmt"
	"slices"
)

// A Candidate is an answer that solutions agree on.
type Candidate struct {
	Answer string  // as the first of its solutions has it
	Count  int     // solutions that have it
	Weight float64 // by the choice: a count, a sum of worths, or the best worth
	Node   *Node   // the solution to show: the first of those with the best worth
}

// A ballot is a solution with an answer, and what it counts for.
type ballot struct {
	node  *Node
	worth float64
}

// Rank groups solutions by answer and returns the groups, heaviest first; ties go
// to the group that was first. Solutions without an answer are dropped. Key is as
// Problem.Key.
//
// A choice that needs scores leaves out solutions without scores. Rank returns an error
// if none has scores.
func (c Choice) Rank(solutions []*Node, key func(answer string) string) ([]Candidate, error) {
	ballots, err := c.ballots(solutions)
	if err != nil {
		return nil, err
	}
	var ranked []Candidate
	var best []float64 // worth of each candidate's Node
	index := map[string]int{}
	for _, b := range ballots {
		k := key(b.node.Answer)
		i, seen := index[k]
		if !seen {
			i = len(ranked)
			index[k] = i
			ranked = append(ranked, Candidate{Answer: b.node.Answer, Node: b.node})
			best = append(best, b.worth)
		}
		g := &ranked[i]
		g.Count++
		if b.worth > best[i] {
			best[i], g.Node = b.worth, b.node
		}
		if c.Pick == PickMax {
			g.Weight = best[i]
		} else {
			g.Weight += b.worth
		}
	}
	slices.SortStableFunc(ranked, func(a, b Candidate) int { return cmp.Compare(b.Weight, a.Weight) })
	return ranked, nil
}

// ballots returns the solutions that have an answer and what the choice needs.
func (c Choice) ballots(solutions []*Node) ([]ballot, error) {
	var ballots []ballot
	unscored := 0
	for _, n := range solutions {
		switch {
		case n.Answer == "":
		case c.NeedsScores() && !n.Scored:
			unscored++
		default:
			ballots = append(ballots, ballot{n, c.By.of(n)})
		}
	}
	if len(ballots) == 0 && unscored > 0 {
		return nil, fmt.Errorf("choice %s: none of %d solutions was scored", c, unscored)
	}
	if c.By == ByORM {
		normalise(ballots)
	}
	return ballots, nil
}

// normalise brings worths to [0,1], the least to 0 and the largest to 1; all to 1 if
// they are equal.
func normalise(ballots []ballot) {
	if len(ballots) == 0 {
		return
	}
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
