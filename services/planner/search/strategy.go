package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Strategy is a search algorithm with its parameters.
type Strategy interface {
	// Name returns the name of the algorithm, such as "beam".
	Name() string
	// Search grows t until nothing is left to try. It reads no clock, and draws random
	// numbers from t.Rand in program order: with the same problem, seed and results it
	// grows the same tree.
	Search(ctx context.Context, t *Tree) error
	// NeedsVerifier reports whether Search needs scores.
	NeedsVerifier() bool
	// Samples returns the expected cost in whole solutions.
	Samples() int
	// Validate returns a *reasoning.InvalidError for the first parameter that breaks a
	// rule.
	Validate() error
}

// Limits of the parameters of all strategies.
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

// divides returns a *reasoning.InvalidError unless d divides n.
func divides(field string, d, n int) error {
	if d < 1 || d > n || n%d != 0 {
		return reasoning.Invalid(field, "must divide n = %d, is %d: use %d", n, d, divisor(n, max(d, 1)))
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

// Run grows t with s, and stops the growths that s has not consumed when it returns. The tree
// is valid even if the error is not nil. Spending the whole budget is not an error: Run reports
// it by spent.
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

// levels grows a tree one level at a time. rule gets the newest level and returns forks of its
// nodes; levels prunes the open nodes without a fork. The search ends when rule returns no
// fork.
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

// runBranches divides a search into n branches. It calls start for the first growth of each,
// in order, and then grow for each, concurrently. A branch that fails does not end the others: it
// counts as a fault of the tree, unless all fail.
func runBranches(
	ctx context.Context, t *Tree, n int, start func(context.Context) *Growth, grow func(context.Context, *Growth) error,
) error {
	parts := Divide(ctx, t.Backend, n)
	var first []*Growth
	for _, b := range parts {
		first = append(first, start(b.Context))
	}
	errs := make([]error, n)
	var branches sync.WaitGroup
	for i, b := range parts {
		branches.Go(func() {
			defer b.End()
			errs[i] = grow(b.Context, first[i])
		})
	}
	branches.Wait()
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	for _, err := range failed {
		if endsSearch(ctx, err) {
			return err
		}
	}
	if len(failed) == n {
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
