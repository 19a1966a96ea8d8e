package search

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Choice says how one answer is picked from the solutions that a search found.
// Searching and choosing are separate questions: any Strategy goes with any Choice
// that has the scores it needs. The zero Choice is majority.
type Choice struct {
	By   By   // what a solution counts for
	Pick Pick // which answer wins; PickVote with ByCount
}

// By says what a solution counts for.
type By int

const (
	// ByCount gives each solution 1.
	ByCount By = iota
	// ByMin gives the least score of the solution's steps.
	ByMin
	// ByLast gives the score of the last step.
	ByLast
	// ByAvg gives the mean of the steps' scores.
	ByAvg
	// ByProd gives the product of the steps' scores.
	ByProd
	// ByORM gives the last score as if it were an outcome reward model's, brought to
	// [0,1] by the least and the largest among the solutions (Liu et al. 2025, arXiv
	// 2502.06703, §4.1).
	ByORM
	// ByCertainty gives the policy's own mean probability of a token and needs no
	// verifier. It is the part of self-certainty (Kang et al. 2025, arXiv 2502.18581)
	// that engines report: log-probabilities of the chosen tokens, not distributions.
	ByCertainty
)

// A Pick says which of several answers wins.
type Pick int

const (
	// PickVote takes the answer whose solutions count for most together.
	PickVote Pick = iota
	// PickMax takes the answer of the solution that counts for most.
	PickMax
)

var (
	byNames = []string{
		ByMin: "min", ByLast: "last", ByAvg: "avg", ByProd: "prod", ByORM: "orm", ByCertainty: "certainty",
	}
	pickNames = []string{PickVote: "vote", PickMax: "max"}
)

// Choices returns all choices there are.
func Choices() []Choice {
	all := []Choice{{}}
	for by := ByMin; by <= ByCertainty; by++ {
		all = append(all, Choice{by, PickMax}, Choice{by, PickVote})
	}
	return all
}

// ParseChoice returns the choice with this name.
func ParseChoice(name string) (Choice, error) {
	for _, c := range Choices() {
		if c.String() == name {
			return c, nil
		}
	}
	return Choice{}, reasoning.Invalid("choice", "%q must be one of %v", name, Choices())
}

// String returns the choice's name: "majority", "min-max", "prod-vote" …
func (c Choice) String() string {
	switch {
	case c == Choice{}:
		return "majority"
	case c.By < ByMin || c.By > ByCertainty || c.Pick < PickVote || c.Pick > PickMax:
		return "unknown"
	}
	return byNames[c.By] + "-" + pickNames[c.Pick]
}

// NeedsScores reports whether the choice needs a verifier's scores.
func (c Choice) NeedsScores() bool { return c.By != ByCount && c.By != ByCertainty }

// ByAggregator returns what a solution counts for whose scores an aggregator combines:
// ByCount if there is none.
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

// of returns what a solution counts for. ByORM is not yet brought to [0,1].
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
