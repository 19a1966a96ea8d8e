package search

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// By determines the weight of a solution.
type By int

const (
	// ByCount weights each solution by 1.
	ByCount By = iota
	// ByMin weights by the least score of the solution's steps.
	ByMin
	// ByLast weights by the score of the last step.
	ByLast
	// ByAvg weights by the mean of the steps' scores.
	ByAvg
	// ByProd weights by the product of the steps' scores.
	ByProd
	// ByORM uses the last score as the score of an outcome reward model, min-max normalised
	// over the solutions (Liu et al. 2025, arXiv 2502.06703, §4.1).
	ByORM
	// ByCertainty weights by the policy's mean token probability and needs no verifier. It is
	// the part of self-certainty (Kang et al. 2025, arXiv 2502.18581) that is computable from
	// log-probabilities of the sampled tokens alone.
	ByCertainty
)

var byNames = []string{
	ByMin: "min", ByLast: "last", ByAvg: "avg", ByProd: "prod", ByORM: "orm", ByCertainty: "certainty",
}

// ByAggregator returns the By that corresponds to an aggregator, ByCount for none.
func ByAggregator(a verifier.Aggregator) By {
	switch a {
	case verifier.AggregatorMin:
		return ByMin
	case verifier.AggregatorLast:
		return ByLast
	case verifier.AggregatorAvg:
		return ByAvg
	case verifier.AggregatorProd:
		return ByProd
	}
	return ByCount
}

// of returns the weight of a solution. The weights of ByORM are normalised later, by weigh.
func (b By) of(n *Node) float64 {
	switch b {
	case ByMin:
		return verifier.AggregatorMin.Of(n.Scores)
	case ByLast, ByORM:
		return verifier.AggregatorLast.Of(n.Scores)
	case ByAvg:
		return verifier.AggregatorAvg.Of(n.Scores)
	case ByProd:
		return verifier.AggregatorProd.Of(n.Scores)
	case ByCertainty:
		return reasoning.Certainty(n.Path())
	}
	return 1
}
