package verifier

import (
	"fmt"
	"slices"
)

// An Aggregator makes one number of the scores of a path's steps. Which one is
// right belongs to the reward model: a model that is good with Min can be
// worthless with Last.
type Aggregator int

const (
	AggregatorMin  Aggregator = iota + 1 // the smallest
	AggregatorLast                       // the last step's (Snell et al. 2024, arXiv 2408.03314, §5.1)
	AggregatorAvg                        // the mean
	AggregatorProd                       // the product
)

var aggregatorNames = []string{AggregatorMin: "min", AggregatorLast: "last", AggregatorAvg: "avg", AggregatorProd: "prod"}

func (a Aggregator) String() string {
	if a >= AggregatorMin && a <= AggregatorProd {
		return aggregatorNames[a]
	}
	return "unknown"
}

// ParseAggregator is the aggregator with this name.
func ParseAggregator(name string) (Aggregator, error) {
	if i := slices.Index(aggregatorNames, name); i > 0 {
		return Aggregator(i), nil
	}
	return 0, fmt.Errorf("aggregator %q: must be one of min, last, avg, prod", name)
}

// Of the scores; 0 for none.
func (a Aggregator) Of(scores []float64) float64 {
	if len(scores) == 0 {
		return 0
	}
	switch a {
	case AggregatorLast:
		return scores[len(scores)-1]
	case AggregatorAvg:
		sum := 0.0
		for _, s := range scores {
			sum += s
		}
		return sum / float64(len(scores))
	case AggregatorProd:
		product := 1.0
		for _, s := range scores {
			product *= s
		}
		return product
	}
	return slices.Min(scores)
}
