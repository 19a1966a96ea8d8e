package search

import "math"

// A stat is what the walks of an MCTS found out about a node.
type stat struct {
	children []*Node // that walks may go to; nil until the node is expanded
	prior    float64 // the policy's probability of the node among its siblings
	visits   int     // of walks that ended and of those under way
	sum      float64 // of the values of walks that ended
}

// mean returns the mean value of the walks that ended.
func (s *stat) mean() float64 { return s.sum / float64(s.visits) }

// stat returns the statistics of a node.
func (w *walks) stat(n *Node) *stat {
	if w.stats[n] == nil {
		w.stats[n] = &stat{}
	}
	return w.stats[n]
}

// selectChild returns the child of n that a walk goes to, and counts the visit.
func (w *walks) selectChild(n *Node) *Node {
	total := float64(w.stat(n).visits)
	best := argmax(w.stat(n).children, func(k *Node) float64 {
		s := w.stat(k)
		visits, q := float64(s.visits), k.Value
		if s.visits > 0 {
			q = s.mean()
		}
		if w.PUCT {
			c := w.Exploration * (math.Log((total+19653)/19652) + 1.25)
			return q + c*s.prior*math.Sqrt(total)/(visits+1)
		}
		if s.visits == 0 {
			return 1e9 + k.Value // unexplored children come first, best first
		}
		return q + w.Exploration*math.Sqrt(math.Log(total)/visits)
	})
	w.stat(best).visits++
	return best
}

// best returns the end of the path that Final picks.
func (w *walks) best() *Node {
	n := w.tree.Root
	for len(w.stat(n).children) > 0 {
		n = argmax(w.stat(n).children, func(k *Node) float64 {
			s := w.stat(k)
			switch {
			case s.visits == 0:
				return -1
			case w.Final == FinalVisits:
				return float64(s.visits) + s.mean()/2 // a mean is at most 1: it breaks ties
			}
			return s.mean()
		})
	}
	// A node that is not expanded may have a rollout: the best of its ends.
	for _, end := range bestOf(1, notTruncated(without(n.Children, open(n.Children))), value) {
		return end
	}
	return n
}

// argmax returns the first of the nodes for which f is largest.
func argmax(nodes []*Node, f func(*Node) float64) *Node {
	best, most := nodes[0], math.Inf(-1)
	for _, n := range nodes {
		if v := f(n); v > most {
			best, most = n, v
		}
	}
	return best
}
