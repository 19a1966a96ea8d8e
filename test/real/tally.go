//go:build real

package main

import (
	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A tally holds the figures of a tree that do not depend on a choice.
type tally struct{ tokens, unended, oracle float64 }

func tallyOf(t *search.Tree, p problemset.Problem, tokens float64) tally {
	y := tally{tokens: tokens}
	leaves := 0.0
	question := answer.Of(p.Kind, p.Text)
	for n := range t.Nodes() {
		if n.Open() {
			continue
		}
		leaves++
		if !n.Done() {
			y.unended++
		} else if got, ok := question.Extract(reasoning.Join(n.Path())); ok && question.Correct(got, p.Answer) {
			y.oracle = 1
		}
	}
	if leaves > 0 {
		y.unended /= leaves
	}
	return y
}
