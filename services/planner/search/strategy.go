package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Strategy is a way to search, with its parameters.
type Strategy interface {
	// Name returns the name that people use: "beam".
	Name() string
	// Search grows t until nothing is left to try. It reads no clock, and draws its
	// chance from t.Chance in program order: with the same problem, seed and results it
	// grows the same tree.
	Search(ctx context.Context, t *Tree) error
	// NeedsVerifier reports whether it needs a verifier.
	NeedsVerifier() bool
	// Samples returns about how many whole solutions' worth of text it writes.
	Samples() int
	// Validate returns a *reasoning.InvalidError for the first parameter that breaks a
	// rule.
	Validate() error
}

// Limits of all strategies' parameters.
const (
	MaxN      = 4096
	MaxLevels = 256
)

// between returns a *reasoning.InvalidError unless lo ≤ n ≤ hi.
func between[N int | float64](field string, n, lo, hi N) error {
	if !(n >= lo && n <= hi) { // also NaN
		return reasoning.Invalid(field, "must be %v to %v, is %v", lo, hi, n)
	}
	return nil
}

// divisor returns the largest divisor of n that is at most most, and at least 1.
func divisor(n, most int) int {
	for d := min(n, most); d > 1; d-- {
		if n%d == 0 {
			return d
		}
	}
	return 1
}

// Run grows a tree with s, and stops what s still waits for when it returns. The tree
// is good even if the error is not nil. Spending the whole budget is a normal end, which
// spent reports.
func Run(ctx context.Context, t *Tree, s Strategy) (spent bool, err error) {
	defer t.stopGrowths()
	err = s.Search(ctx, t)
	if errors.Is(err, ErrSpent) {
		return true, nil
	}
	return false, err
}

// A grower grows one level of a tree, such as Tree.Grow.
type grower func(ctx context.Context, forks ...Fork) ([]*Node, error)

// levels grows a tree one level at a time. The rule gets the newest level and returns
// forks of its nodes; levels prunes the open nodes that it does not fork. The search
// ends when the rule forks none.
func levels(ctx context.Context, t *Tree, grow grower, rule func(level []*Node) []Fork) error {
	level := []*Node{t.Root}
	for {
		forks := rule(level)
		t.Prune(slices.DeleteFunc(open(level), func(n *Node) bool {
			return slices.ContainsFunc(forks, func(f Fork) bool { return f.From == n })
		})...)
		if len(forks) == 0 {
			return nil
		}
		var err error
		if level, err = grow(ctx, forks...); err != nil {
			return err
		}
	}
}

// runBranches calls grow on each growth, with the context that it was asked for with, all
// at the same time. A branch that fails does not end the others: it is a fault of the
// tree, unless all fail.
func runBranches(ctx context.Context, t *Tree, growths []*Growth, grow func(context.Context, *Growth) error) error {
	errs := make([]error, len(growths))
	var branches sync.WaitGroup
	for i, g := range growths {
		branches.Go(func() { errs[i] = grow(g.ctx, g) })
	}
	branches.Wait()
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	for _, err := range failed {
		if endsSearch(ctx, err) {
			return err
		}
	}
	if len(failed) == len(growths) {
		return cmp.Or(failed...)
	}
	for _, err := range failed {
		t.fault("some branches failed: %v", err)
	}
	return nil
}

// endsSearch reports whether an error ends the whole search, and not only a part of it.
func endsSearch(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, ErrSpent)
}
