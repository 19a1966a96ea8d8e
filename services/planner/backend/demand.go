package backend

import (
	"math"

	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A demand is what the children of one request may cost.
type demand struct {
	search.Demand
	token  amount // a generated token
	prompt amount // reading the prefix once
	later  amount // reading it again, for later parts of a child
	score  amount // a score that the child's share must pay; zero if the account pays it
}

// newDemand returns the demand d in amounts. With followUps, the share of a child pays its score.
func (l *ledger) newDemand(d search.Demand, followUps bool) *demand {
	prompt := l.promptCost(d.Request)
	priced := &demand{
		Demand: d, token: amount{currencyTokens: 1, currencyFLOPs: l.policy.FLOPs(1)},
		prompt: prompt, later: prompt.times(float64(d.Parts - 1)),
	}
	if followUps {
		priced.score = l.scoreCost(mostTokens(d.Request.Problem, d.Request.Steps) + int64(priced.leastTokens()))
	}
	return priced
}

// leastTokens returns how many tokens a child must get if it may get more by waiting, as a
// truncated child is worthless: an eighth of its limit if it is a step, which has about 40
// tokens of 2,048, and half of its limit if it is a whole solution.
func (d *demand) leastTokens() int {
	part := 8
	if d.Request.Span == policy.Whole {
		part = 2
	}
	return min(d.Tokens, (d.Request.Sampling.MaxTokens+part-1)/part)
}

// cost returns what a child of n tokens costs, without the prompt.
func (d *demand) cost(n int) amount { return d.token.times(float64(n)).plus(d.later).plus(d.score) }

// most returns the limit of what a child costs.
func (d *demand) most() amount { return d.cost(d.Tokens) }

// least returns what a child of leastTokens costs.
func (d *demand) least() amount { return d.cost(d.leastTokens()) }

// affordable returns how many tokens an amount pays for, up to the limit of a child.
func (d *demand) affordable(x amount) int {
	n := float64(d.Tokens)
	for c, price := range d.token {
		if price > 0 {
			n = min(n, math.Floor(x[c]/price))
		}
	}
	return int(max(0, n))
}

// total returns the cost of some children and their prompts, if cost returns that of a child.
func total(shares []*share, cost func(*demand) amount) (sum amount) {
	for i, s := range shares {
		if i == 0 || s.demand != shares[i-1].demand {
			sum = sum.plus(s.demand.prompt)
		}
		sum = sum.plus(cost(s.demand))
	}
	return sum
}

// fundable returns how many of the first children get the least of their demand if what is
// left is divided equally among them.
func fundable(shares []*share, left amount) (n int) {
	need, prompts := amount{}, amount{}
	for i, s := range shares {
		if i == 0 || s.demand != shares[i-1].demand {
			prompts = prompts.plus(s.demand.prompt)
		}
		need = need.max(s.demand.least())
		if !left.minus(prompts).over(i + 1).covers(need) {
			break
		}
		n = i + 1
	}
	return n
}

// equalPart returns what each of some children gets if what is left after their prompts is
// divided equally.
func equalPart(shares []*share, left amount) amount {
	prompts := total(shares, func(*demand) amount { return amount{} })
	return left.minus(prompts).over(len(shares))
}

// mostTokens returns an upper bound of the tokens of a problem and texts after it: one per
// byte, as for tokenizers that fall back to bytes, one per text for the mark at which its
// score is read, and some for the template.
func mostTokens(problem string, texts []string) int64 {
	const template = 64
	n := template + len(problem) + len(texts)
	for _, s := range texts {
		n += len(s)
	}
	return int64(n)
}
