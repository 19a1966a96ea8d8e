package main

import (
	"context"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

// attempts is what one policy did with one problem, and what the judge said.
type attempts struct {
	problem problems.Problem
	greedy  bool // right
	samples []attempt
}

type attempt struct {
	lines  []string
	answer string    // "" if there is none
	right  bool      // the answer is
	sound  bool      // and so is the path: it is the solution, line by line. A wrong one ends in the right answer now and then
	scores []float64 // the judge's, per line
	tokens int
}

// tryProblem lets a policy solve a problem greedily and by n samples, and the judge score them.
func tryProblem(ctx context.Context, e *pocket.Engine, j *pocket.RewardModel, p problems.Problem, seed uint64, n int, temperature float64) (attempts, error) {
	a := attempts{problem: p, samples: make([]attempt, n)}
	greedy, err := solve(ctx, e, p, seed, 1, 0)
	if err != nil {
		return a, err
	}
	a.greedy = answer(lines(greedy[0])) == p.Answer
	children, err := solve(ctx, e, p, seed, n, temperature)
	if err != nil {
		return a, err
	}
	var g errgroup.Group
	first := map[string]int{} // equal paths are scored once
	for i, c := range children {
		s := &a.samples[i]
		s.lines = lines(c)
		s.answer = answer(s.lines)
		s.right, s.tokens = s.answer == p.Answer, c.Usage.Generated
		s.sound = slices.Equal(s.lines, p.Lines())
		key := strings.Join(s.lines, "\n")
		if _, ok := first[key]; ok {
			continue
		}
		first[key] = i
		g.Go(func() (err error) {
			s.scores, _, err = j.Score(ctx, p.Text, s.lines)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return a, err
	}
	for i := range a.samples {
		s := &a.samples[i]
		s.scores = a.samples[first[strings.Join(s.lines, "\n")]].scores
	}
	return a, nil
}

// answer is what follows "A:" on the last line.
func answer(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	a, _ := strings.CutPrefix(lines[len(lines)-1], "A:")
	return a
}

// aggregators turn the scores of a path into one.
var aggregators = map[string]func([]float64) float64{
	"min":  slices.Min[[]float64],
	"last": func(s []float64) float64 { return s[len(s)-1] },
	"prod": func(s []float64) float64 {
		p := 1.0
		for _, v := range s {
			p *= v
		}
		return p
	},
}

// groups is the mean of pick over the samples cut into disjoint groups of n: of
// 64 samples, best-of-4 is seen sixteen times.
func (a attempts) groups(n int, pick func([]attempt) bool) float64 {
	right, count := 0.0, 0.0
	for g := range slices.Chunk(a.samples, n) {
		if len(g) == n {
			count++
			if pick(g) {
				right++
			}
		}
	}
	return right / count
}

func covered(g []attempt) bool {
	return slices.ContainsFunc(g, func(s attempt) bool { return s.right })
}

// reasoned is covered without luck.
func reasoned(g []attempt) bool {
	return slices.ContainsFunc(g, func(s attempt) bool { return s.sound })
}

// best chooses the sample that the judge likes most, the earliest of equals.
func best(aggregate func([]float64) float64) func([]attempt) bool {
	return func(g []attempt) bool {
		top, right := math.Inf(-1), false
		for _, s := range g {
			if v := aggregate(s.scores); v > top {
				top, right = v, s.right
			}
		}
		return right
	}
}

// majority chooses the most frequent answer, the earliest of equals.
func majority(g []attempt) bool {
	votes := map[string]int{}
	for _, s := range g {
		if s.answer != "" {
			votes[s.answer]++
		}
	}
	top, right := 0, false
	for _, s := range g {
		if v := votes[s.answer]; v > top {
			top, right = v, s.right
		}
	}
	return right
}
