package search

import (
	"cmp"
	"slices"
)

// A Candidate is a distinct answer with the solutions that gave it.
type Candidate struct {
	Answer string  // as in the first of its solutions
	Count  int     // number of solutions
	Weight float64 // total weight of the solutions, or the largest with PickMax
	Node   *Node   // solution to show: the first with the largest weight
}

// Rank groups solutions by answer and returns the groups, heaviest first. Of equal groups, the
// one whose first solution comes first is first. key is Problem.Key.
//
// Rank drops solutions without an answer, those whose answer has an empty key and, if the choice
// needs scores, those without scores. It returns an error if solutions have answers but none of them is scored, and no
// candidates if no solution has an answer.
func (c Choice) Rank(solutions []*Node, key func(answer string) string) ([]Candidate, error) {
	weights, err := c.weigh(solutions)
	if err != nil {
		return nil, err
	}
	var ranked []Candidate
	var best []float64 // weight of each candidate's Node
	index := map[string]int{}
	for _, w := range weights {
		k := key(w.node.Answer)
		if k == "" {
			continue
		}
		i, seen := index[k]
		if !seen {
			i = len(ranked)
			index[k] = i
			ranked = append(ranked, Candidate{Answer: w.node.Answer, Node: w.node})
			best = append(best, w.weight)
		}
		group := &ranked[i]
		group.Count++
		if w.weight > best[i] {
			best[i], group.Node = w.weight, w.node
		}
		if c.Pick == PickMax {
			group.Weight = best[i]
		} else {
			group.Weight += w.weight
		}
	}
	slices.SortStableFunc(ranked, func(a, b Candidate) int { return cmp.Compare(b.Weight, a.Weight) })
	return ranked, nil
}
