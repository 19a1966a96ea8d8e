package verifier

import (
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Limits of what scoring a path may claim to have cost, checked by Request.CheckCost.
const (
	// templateTokens is how many tokens a template or a chat may add to each request of a model.
	templateTokens = 16 << 10
	// attempts is how often scoring a path may have been begun.
	attempts = 1000
	// flopsPerToken is what a token of a model of ten trillion parameters costs.
	flopsPerToken = 2e13
)

// MostCost returns the most that scoring r may claim to have cost, without waste.
func (r Request) MostCost() reasoning.Usage {
	tokens := r.Unreported().Unknown.Verifier + int64(len(r.Steps))*templateTokens
	return reasoning.Usage{Verifier: tokens, Cached: tokens, FLOPs: flopsPerToken * float64(tokens)}
}

// CheckCost returns a reasoning.ErrImplausible for a cost that scoring r cannot have, if another process has scored it:
// more tokens than reading the path up to each of its steps has bytes, tokens of a policy, or waste beyond that of a
// thousand attempts.
func (r Request) CheckCost(c reasoning.Cost) error {
	one := r.MostCost().Verifier
	for _, part := range []struct {
		name string
		cost reasoning.Usage
		most int64
	}{{"", c.Used(), one}, {" wasted", c.Waste.Total(), attempts * one}, {" unknown", c.Unknown, attempts * one}} {
		u := part.cost
		switch {
		case u.Generated != 0 || u.Prompt != 0:
			return fmt.Errorf("%w: claims %d generated and %d prompt tokens, which a verifier does not have",
				reasoning.ErrImplausible, u.Generated, u.Prompt)
		case u.Verifier < 0 || u.Cached < 0 || u.Verifier > part.most || u.Cached > part.most:
			return fmt.Errorf("%w: claims %d%s tokens and %d cached ones, where at most %d are possible",
				reasoning.ErrImplausible, u.Verifier, part.name, u.Cached, part.most)
		case !(u.FLOPs >= 0 && u.FLOPs <= flopsPerToken*float64(1+u.Verifier)): // 1: rounding errors of sums
			return fmt.Errorf("%w: claims %g%s FLOPs for %d tokens", reasoning.ErrImplausible, u.FLOPs, part.name, u.Verifier)
		}
	}
	return nil
}
