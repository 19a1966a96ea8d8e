package search

import (
	"cmp"
	"fmt"
	"slices"
)

// A weighted is a solution that has an answer, with its weight.
type weighted struct {
	node   *Node
	weight float64
}

// weigh returns the solutions that have an answer and the scores that the choice needs.
func (c Choice) weigh(solutions []*Node) ([]weighted, error) {
	var all []weighted
	unscored := 0
	for _, n := range solutions {
		switch {
		case n.Answer == "":
		case c.NeedsScores() && !n.Scored:
			unscored++
		default:
			all = append(all, weighted{n, c.By.of(n)})
		}
	}
	if len(all) == 0 && unscored > 0 {
		return nil, fmt.Errorf("choice %s: none of %d solutions with an answer was scored: "+
			"check that the verifier is up, or use choice majority, which needs no scores", c, unscored)
	}
	if c.By == ByORM {
		normalise(all)
	}
	return all, nil
}

// normalise rescales weights to [0,1] by their minimum and maximum; equal weights become 1.
func normalise(all []weighted) {
	if len(all) == 0 {
		return
	}
	compare := func(a, b weighted) int { return cmp.Compare(a.weight, b.weight) }
	least, most := slices.MinFunc(all, compare).weight, slices.MaxFunc(all, compare).weight
	for i := range all {
		if all[i].weight -= least; most > least {
			all[i].weight /= most - least
		} else {
			all[i].weight = 1
		}
	}
}
