package search

import (
	"cmp"
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
