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
	// Name is how people call it: "beam".
	Name() string
	// Search grows t until there is nothing left to try. It reads no clock, and what
	// chance it needs is t.Chance, drawn in program order: with the same problem,
	// seed and results it grows the same tree.
	Search(ctx context.Context, t *Tree) error
	// NeedsVerifier says whether it needs a verifier.
	NeedsVerifier() bool
	// Samples is about how many whole solutions' worth of text it writes.
	Samples() int
	// Validate returns a *reasoning.InvalidError for the first parameter that
	// breaks a rule.
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
// is good even if the error is not nil. Spending the whole budget is a normal end: spent
// says so.
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

// levels grows a tree one level at a time. The rule is shown the newest level and
// says which of its nodes to fork; open nodes that it passes over are pruned. The
// search ends when it forks none.
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

// runBranches goes on with each growth on its own, all at the same time. A branch that
// fails does not end the others: it is a fault of the tree, unless all fail.
func runBranches(ctx context.Context, t *Tree, growths []*Growth, grow func(*Growth) error) error {
	errs := make([]error, len(growths))
	var all sync.WaitGroup
	for i, g := range growths {
		all.Go(func() { errs[i] = grow(g) })
	}
	all.Wait()
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	for _, err := range failed {
		if final(ctx, err) {
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

// final says whether an error ends a search, and not only a part of it.
func final(ctx context.Context, err error) bool { return ctx.Err() != nil || errors.Is(err, ErrSpent) }

// open is the part of a level that can be continued, in its order.
func open(level []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return !n.Open() })
}

// notTruncated is the part of a level that a limit did not cut, in its order.
func notTruncated(level []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return !n.Open() && !n.Done() })
}

// without is a level less some of its nodes.
func without(level, some []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return slices.Contains(some, n) })
}

// value is what a node is worth by its own scores; ok is false if it has none.
func value(n *Node) (v float64, ok bool) { return n.Value, n.Scored }

// top is the k best nodes, best first. Nodes that could not be judged come last;
// ties keep the order in which they were asked for, as scores drift too much to be
// equal by more than chance.
func top(k int, nodes []*Node, value func(*Node) (float64, bool)) []*Node {
	best := slices.Clone(nodes)
	slices.SortStableFunc(best, func(a, b *Node) int {
		va, scoredA := value(a)
		vb, scoredB := value(b)
		switch {
		case scoredA && !scoredB:
			return -1
		case scoredB && !scoredA:
			return 1
		}
		return cmp.Compare(vb, va)
	})
	return best[:min(k, len(best))]
}

// share gives each node its equal part of n children, and the first ones one more
// where n does not divide.
func share(nodes []*Node, n int, fork Fork) []Fork {
	var forks []Fork
	for i, node := range nodes {
		fork.From, fork.N = node, n/len(nodes)
		if i < n%len(nodes) {
			fork.N++
		}
		if fork.N > 0 {
			forks = append(forks, fork)
		}
	}
	return forks
}
