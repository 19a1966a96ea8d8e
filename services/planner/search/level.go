package search

import (
	"cmp"
	"slices"
)

// open returns the nodes of a level that can be continued, in its order.
func open(level []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return !n.Open() })
}

// notTruncated returns the nodes of a level that no token limit cut, in its order.
func notTruncated(level []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return !n.Open() && !n.Done() })
}

// without returns a level less some of its nodes.
func without(level, some []*Node) []*Node {
	return slices.DeleteFunc(slices.Clone(level), func(n *Node) bool { return slices.Contains(some, n) })
}

// value returns a node's Value; ok is false if it has no scores.
func value(n *Node) (v float64, ok bool) { return n.Value, n.Scored }

// bestOf returns the k best nodes, best first. Nodes without scores come last; ties keep
// the order in which the nodes were asked for.
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

// forkEvenly divides n children among nodes, and the remainder among the first ones.
func forkEvenly(nodes []*Node, n int, fork Fork) []Fork {
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

// forkCounted asks for as many children of each node as it occurs, in order.
func forkCounted(nodes []*Node, fork Fork) []Fork {
	var forks []Fork
	for _, n := range nodes {
		i := slices.IndexFunc(forks, func(f Fork) bool { return f.From == n })
		if i < 0 {
			i = len(forks)
			fork.From, fork.N = n, 0
			forks = append(forks, fork)
		}
		forks[i].N++
	}
	return forks
}
