package cards

import (
	"context"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/attempt"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// samples holds the samples of one policy for one problem, with a reward model's scores.
type samples struct {
	problem problems.Problem
	greedy  bool // the greedy answer is right
	drawn   []sample
}

// A sample is one solution with its scores.
type sample struct {
	lines  []string
	answer string    // "" if there is none
	right  bool      // the answer is right
	sound  bool      // all lines are those of the reference solution
	scores []float64 // of the reward model, by line
	tokens int
}

// draw generates the greedy answer and n samples of a problem, and scores the samples. Equal samples are
// scored once.
func draw(ctx context.Context, e *pocket.Engine, rm *pocket.RewardModel, p problems.Problem, seed uint64, n int,
	temperature float64) (samples, error) {
	s := samples{problem: p, drawn: make([]sample, n)}
	greedy, err := attempt.Sample(ctx, e, p, seed, 1, 0)
	if err != nil {
		return s, err
	}
	s.greedy = attempt.Answer(attempt.Lines(greedy[0])) == p.Answer
	children, err := attempt.Sample(ctx, e, p, seed, n, temperature)
	if err != nil {
		return s, err
	}
	var g errgroup.Group
	first := map[string]int{} // by path
	for i, c := range children {
		d := &s.drawn[i]
		d.lines = attempt.Lines(c)
		d.answer = attempt.Answer(d.lines)
		d.right, d.tokens = d.answer == p.Answer, c.Usage.Generated
		d.sound = slices.Equal(d.lines, p.Lines())
		path := strings.Join(d.lines, "\n")
		if _, ok := first[path]; ok {
			continue
		}
		first[path] = i
		g.Go(func() (err error) {
			d.scores, _, err = rm.Score(ctx, p.Text, d.lines)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return s, err
	}
	for i := range s.drawn {
		d := &s.drawn[i]
		d.scores = s.drawn[first[strings.Join(d.lines, "\n")]].scores
	}
	return s, nil
}

// groups returns the share of disjoint groups of n samples for which holds returns true: 64 samples have
// sixteen groups of 4.
func (s samples) groups(n int, holds func([]sample) bool) float64 {
	right, count := 0.0, 0.0
	for g := range slices.Chunk(s.drawn, n) {
		if len(g) == n {
			count++
			if holds(g) {
				right++
			}
		}
	}
	return right / count
}

// covered reports whether at least one sample has the right answer.
func covered(g []sample) bool {
	return slices.ContainsFunc(g, func(s sample) bool { return s.right })
}

// reasoned reports whether all lines of at least one sample are right.
func reasoned(g []sample) bool {
	return slices.ContainsFunc(g, func(s sample) bool { return s.sound })
}

// best returns a function that reports whether the sample with the highest aggregated score is right; of
// several, the first.
func best(a verifier.Aggregator) func([]sample) bool {
	return func(g []sample) bool {
		top, right := math.Inf(-1), false
		for _, s := range g {
			if v := a.Of(s.scores); v > top {
				top, right = v, s.right
			}
		}
		return right
	}
}

// majority reports whether the most frequent answer is right; of several, the first.
func majority(g []sample) bool {
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
