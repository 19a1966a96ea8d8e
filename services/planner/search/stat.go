package search

// A stat holds the statistics of a node in an MCTS.
type stat struct {
	children []*Node // that selection chooses from; nil until the node is expanded
	prior    float64 // the policy's probability of the node among its siblings
	visits   int     // simulations that passed through the node, finished or not
	sum      float64 // of the values of finished simulations
}

// mean returns sum/visits: a simulation in flight counts as value 0, which is the virtual loss.
func (s *stat) mean() float64 { return s.sum / float64(s.visits) }
