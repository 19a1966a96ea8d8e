package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// A Strategy is a way to search, with its parameters.
type Strategy interface {
	// Name is how people call it: "beam".
	Name() string
	// Search grows t until there is nothing left to try. It draws no chance of its
	// own and reads no clock: with the same problem, seed and results it grows the
	// same tree.
	Search(ctx context.Context, t *Tree) error
	// Judged says whether it needs a verifier.
	Judged() bool
	// Samples is about how many whole solutions' worth of text it writes.
	Samples() int
	// Validate returns a *reasoning.InvalidError for the first parameter that
	// breaks a rule.
	Validate() error
}

// MaxN is the largest N of any strategy.
const MaxN = 4096

// Run grows a tree with s. The tree is good even if the error is not nil. Spending
// the whole budget is a normal end: spent says so.
func Run(ctx context.Context, t *Tree, s Strategy) (spent bool, err error) {
	err = s.Search(ctx, t)
	if errors.Is(err, ErrSpent) {
		return true, nil
	}
	return false, err
}

// levels grows a tree one level at a time. The rule is shown the newest level and
// says which of its nodes to fork; open nodes that it passes over are pruned. The
// search ends when it forks none.
func levels(ctx context.Context, t *Tree, rule func(level []*Node) []Fork) error {
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
		if level, err = t.Grow(ctx, forks...); err != nil {
			return err
		}
	}
}

// open is the part of a level that can be continued, in its order.
func open(level []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return !n.Open() })
}

// top is the k best nodes, best first. Nodes that could not be judged come last;
// ties keep the order in which they were asked for, as scores drift too much to be
// equal by more than chance.
func top(k int, nodes []*Node) []*Node {
	best := slices.Clone(nodes)
	slices.SortStableFunc(best, func(a, b *Node) int {
		if a.Judged != b.Judged {
			if a.Judged {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Value, a.Value)
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
