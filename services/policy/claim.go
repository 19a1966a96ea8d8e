package policy

import (
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Limits of what a child may claim to have cost, checked by Request.Check.
const (
	// overshoot is by how many tokens an engine may exceed twice its MaxTokens: it may count the
	// rest of an event, and what it generated until it stopped.
	overshoot = 8
	// templateTokens is how many tokens a template or a chat may add to a prompt.
	templateTokens = 16 << 10
	// attempts is how often a child, and its prompt, may have been begun.
	attempts = 1000
	// flopsPerToken is what a token of a model of ten trillion parameters costs.
	flopsPerToken = 2e13
)

// Check returns c as r's caller may take it, if another process has generated it. Tokens beyond
// MaxTokens are cut from the counts of the last steps; generated tokens that are then in no step
// are wasted as untrusted. Check returns a
// reasoning.ErrImplausible for a cost that c cannot have: for more than twice its MaxTokens, a prompt
// with more tokens than bytes, tokens of a verifier, or waste beyond that of a thousand attempts.
func (r Request) Check(c Child) (Child, error) {
	if err := r.checkCost(c.Cost()); err != nil {
		return c, fmt.Errorf("child %d: %w", c.Ordinal, err)
	}
	inSteps := 0
	for _, s := range c.Steps {
		inSteps += s.Tokens
	}
	most := r.Sampling.MaxTokens
	if inSteps > 2*most+overshoot {
		return c, fmt.Errorf("child %d: %w: %d tokens in its steps, %d are allowed", c.Ordinal, reasoning.ErrImplausible, inSteps, most)
	}
	if inSteps > most {
		c.Steps = append([]reasoning.Step(nil), c.Steps...)
		for i := len(c.Steps) - 1; inSteps > most; i-- {
			cut := min(c.Steps[i].Tokens, inSteps-most)
			c.Steps[i].Tokens -= cut
			inSteps -= cut
		}
	}
	return c.NameExcess(), nil
}

// NameExcess returns c with the generated tokens that are in none of its steps named as untrusted.
func (c Child) NameExcess() Child {
	used := c.Cost().Used()
	if over := used.Generated - int64(reasoning.Tokens(c.Steps)); over > 0 {
		c.Waste.Untrusted = c.Waste.Untrusted.Add(reasoning.Usage{
			Generated: over, FLOPs: used.FLOPs * float64(over) / float64(used.Generated+used.Prompt),
		})
	}
	return c
}

// Refused returns the cost of a child that breaks the contract: what it claims, as untrusted, or if it claims nothing or
// something implausible what it may have cost, as unknown.
func (r Request) Refused(c Child) reasoning.Cost {
	cost := reasoning.Wasted(reasoning.Waste{Untrusted: c.Cost().Used()}).Add(reasoning.Wasted(c.Waste))
	cost.Unknown = c.Unknown
	if cost == (reasoning.Cost{}) || r.checkCost(c.Cost()) != nil {
		return r.Unreported(1)
	}
	return cost
}

// CheckWaste returns a reasoning.ErrImplausible if c, which was all wasted or is unknown, cannot be the cost of a
// request for r.
func (r Request) CheckWaste(c reasoning.Cost) error {
	c.Usage = c.Waste.Total()
	return r.checkCost(c)
}

// MostCost returns the most that a child of r may claim to have cost, without waste.
func (r Request) MostCost() reasoning.Usage {
	prompt := int64(len(r.Problem) + templateTokens)
	for _, text := range append(r.Attempts[:len(r.Attempts):len(r.Attempts)], r.Steps...) {
		prompt += int64(len(text))
	}
	u := reasoning.Usage{Generated: 2*int64(r.Sampling.MaxTokens) + overshoot, Prompt: attempts * prompt, Cached: attempts * prompt}
	u.FLOPs = flopsPerToken * float64(u.Generated+u.Prompt)
	return u
}

// checkCost returns a reasoning.ErrImplausible for a cost that a child of r, with the waste before it, cannot have.
func (r Request) checkCost(c reasoning.Cost) error {
	if u := c.Usage; min(u.Generated, u.Prompt, u.Cached, u.Verifier) < 0 {
		return fmt.Errorf("%w: claims a negative number of tokens", reasoning.ErrImplausible)
	}
	n := int64(len(r.Ordinals))
	one := r.MostCost()
	// An engine that ignores its limit writes at most the text that a request may have.
	all := reasoning.Usage{
		Generated: n * (attempts*one.Generated + MaxPrefix), Prompt: n * one.Prompt, Cached: n * one.Cached,
	}
	for _, part := range []struct {
		name       string
		cost, most reasoning.Usage
	}{{"", c.Used(), one}, {" wasted", c.Waste.Total(), all}, {" unknown", c.Unknown, all}} {
		if part.cost.Verifier != 0 {
			return fmt.Errorf("%w: claims %d tokens of a verifier", reasoning.ErrImplausible, part.cost.Verifier)
		}
		for _, count := range []struct {
			name       string
			cost, most int64
		}{
			{"generated", part.cost.Generated, part.most.Generated},
			{"prompt", part.cost.Prompt, part.most.Prompt},
			{"cached", part.cost.Cached, part.most.Cached},
		} {
			if count.cost < 0 || count.cost > count.most {
				return fmt.Errorf("%w: claims %d%s %s tokens, where at most %d are possible",
					reasoning.ErrImplausible, count.cost, part.name, count.name, count.most)
			}
		}
		most := flopsPerToken * (1 + float64(part.cost.Generated+part.cost.Prompt)) // 1: rounding errors of sums
		if !(part.cost.FLOPs >= 0 && part.cost.FLOPs <= most) {
			return fmt.Errorf("%w: claims %g%s FLOPs for %d tokens", reasoning.ErrImplausible, part.cost.FLOPs, part.name,
				part.cost.Generated+part.cost.Prompt)
		}
	}
	return nil
}
