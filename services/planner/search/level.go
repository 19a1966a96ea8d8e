package search

import (
	"cmp"
	"context"
	"slices"
)

// open returns the nodes that can be continued, in order.
func open(nodes []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return !n.Open() })
}

// notTruncated returns the nodes that no token limit cut, in order.
func notTruncated(nodes []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return !n.Open() && !n.Done() })
}

// without returns nodes minus some of them, in order.
func without(nodes, some []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return slices.Contains(some, n) })
}

// value returns a node's Value; ok is false if it has no scores.
func value(n *Node) (v float64, ok bool) { return n.Value, n.Scored }

// bestOf returns the k best nodes, best first. Nodes without scores come last; ties keep
// their order in nodes.
func bestOf(k int, nodes []*Node, value func(*Node) (float64, bool)) []*Node {
	sorted := slices.Clone(nodes)
	slices.SortStableFunc(sorted, func(a, b *Node) int {
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
	return sorted[:min(k, len(sorted))]
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
