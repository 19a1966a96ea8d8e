package verifier

import (
	"fmt"
	"slices"
)

// An Aggregator combines the scores of a path's steps into one number. Each reward
// model needs the aggregator that suits it: a model that selects well with
// AggregatorMin may be useless with AggregatorLast.
type Aggregator int

const (
	AggregatorMin  Aggregator = iota + 1 // the smallest
	AggregatorLast                       // the last step's (Snell et al. 2024, arXiv 2408.03314, §5.1)
	AggregatorAvg                        // the mean
	AggregatorProd                       // the product
)

var aggregatorNames = []string{
	AggregatorMin: "min", AggregatorLast: "last", AggregatorAvg: "avg", AggregatorProd: "prod",
}

func (a Aggregator) String() string {
	if a >= AggregatorMin && a <= AggregatorProd {
		return aggregatorNames[a]
	}
	return "unknown"
}

// ParseAggregator returns the aggregator with this name.
func ParseAggregator(name string) (Aggregator, error) {
	if i := slices.Index(aggregatorNames, name); i > 0 {
		return Aggregator(i), nil
	}
	return 0, fmt.Errorf("aggregator %q: must be one of min, last, avg, prod", name)
}

// MarshalText implements encoding.TextMarshaler: files have aggregators by name.
func (a Aggregator) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Aggregator) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAggregator(string(text))
	return err
}

// Of returns the aggregate of scores, 0 if there are none.
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
