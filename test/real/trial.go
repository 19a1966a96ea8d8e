//go:build real

package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A trial is a strategy with the choices to make from its tree.
type trial struct {
	name     string // in the table
	n        int    // N of the strategy
	strategy search.Strategy
	choices  []search.Choice
}

// trials runs all trials on all problems, and reports the progress on stderr.
func (l *lab) trials(
	ctx context.Context, what string, w search.Backend, id backend.Identity,
	problems []problemset.Problem, sampling reasoning.Sampling, trials []trial,
) ([]row, error) {
	var rows []row
	for _, t := range trials {
		for _, c := range t.choices {
			rows = append(rows, row{Strategy: t.name, N: t.n, Choice: c.String()})
		}
		if t.strategy.Name() == "best-of-n" { // the accuracy of a perfect choice
			rows = append(rows, row{Strategy: t.name, N: t.n, Choice: "oracle"})
		}
	}
	for i, p := range problems {
		next := 0
		question := answer.Of(p.Kind, p.Text)
		for _, t := range trials {
			meter := backend.Meter(w, backend.Budget{}, id.Policy, id.RewardModel.Model)
			tree := search.New(meter, search.Problem{
				Tenant: "real", Search: fmt.Sprintf("%s-%d", what, i), Text: p.Text, Seed: reasoning.Seed(seed).Child(i),
				Sampling: sampling, Aggregator: id.RewardModel.Aggregator, Extract: question.Extract, Key: question.Key,
			})
			if _, err := search.Run(ctx, tree, search.Exhaustive(t.strategy)); err != nil {
				return nil, fmt.Errorf("problem %d, %s: %w", i, t.name, err)
			}
			if l.show {
				show(t.name, tree, p)
			}
			tally := tallyOf(tree, p, float64(meter.Bill().Policy.Generated))
			for _, c := range t.choices {
				right, err := rightAnswer(tree, c, p)
				if err != nil {
					return nil, err
				}
				rows[next].add(right, tally)
				next++
			}
			if next < len(rows) && rows[next].Choice == "oracle" && rows[next].Strategy == t.name {
				rows[next].add(tally.oracle, tally)
				next++
			}
		}
		fmt.Fprintf(os.Stderr, "\r%s %d/%d ", what, i+1, len(problems))
		for _, r := range rows {
			fmt.Fprintf(os.Stderr, " %s-%d/%s %.0f%%", r.Strategy, r.N, r.Choice, 100*mean(r.right))
		}
	}
	fmt.Fprintln(os.Stderr)
	return finish(rows)
}

// show prints the leaves of a tree and the reference answer.
func show(name string, t *search.Tree, p problemset.Problem) {
	fmt.Printf("\n%s: %s [%s]\n", name, p.Text, p.Answer)
	for n := range t.Nodes() {
		if !n.Open() {
			fmt.Printf("  %v %.2f %q\n", n.Finish, n.Scores, reasoning.Texts(n.Path()))
		}
	}
}

// rightAnswer returns 1 if the choice's first answer is right, otherwise 0.
func rightAnswer(t *search.Tree, c search.Choice, p problemset.Problem) (float64, error) {
	ranked, err := c.Rank(slices.Collect(t.Solutions()), t.Problem.Key)
	if err != nil && !c.NeedsScores() {
		return 0, err
	}
	if err != nil { // no solution has a score: no answer
		return 0, nil
	}
	if len(ranked) > 0 && answer.Of(p.Kind, p.Text).Correct(ranked[0].Answer, p.Answer) {
		return 1, nil
	}
	return 0, nil
}
