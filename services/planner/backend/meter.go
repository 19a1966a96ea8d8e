package backend

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Metered is a World within a budget, with a bill.
type Metered struct {
	search.Backend
	policy, judge reasoning.Model

	mu      sync.Mutex
	purses  purses
	bill    reasoning.Bill
	settled chan struct{} // closed, and replaced, when something was given back
}

// Meter keeps a search within a budget: spent + reserved ≤ bound at all times, for
// engines that keep to their MaxTokens. A call reserves the most that it can cost
// and settles what it did cost, child by child.
//
// Where not all is left that an expansion asks for, each of its children gets fewer
// tokens; none is left out. Where too little is left, calls wait for others to
// settle. When there are none to wait for and nothing is left, it is a
// search.ErrSpent; so it is, after all children, when one was cut by having fewer.
//
// What a text will cost a verifier is not known before: at most a token a byte is
// assumed, and a few for marks and templates. FLOPs are bounded only if the models'
// Parameters are known.
func Meter(w search.Backend, b Budget, policy, judge reasoning.Model) *Metered {
	m := &Metered{Backend: w, policy: policy, judge: judge, settled: make(chan struct{})}
	for i, bound := range (amount{float64(b.PolicyTokens), float64(b.VerifierTokens), b.FLOPs}) {
		m.purses[i].bound = bound
	}
	return m
}

// Bill is the cost so far, with what was stopped before its end. It is true even
// where an engine did more than it was asked for; only what is lost with an engine
// that fails or dies is not in it.
func (m *Metered) Bill() reasoning.Bill {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bill
}

// ChargeEstimate spends what an estimate of difficulty cost before the search.
func (m *Metered) ChargeEstimate(u reasoning.Usage) {
	m.spend(amount{}, u, &m.bill.Difficulty)
}

// Expand implements search.World.
func (m *Metered) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		token := amount{1, 0, m.policy.FLOPs(1)}
		prompt := amount{0, 0, m.policy.FLOPs(mostTokens(r.Problem, slices.Concat(r.Attempts, r.Steps)))}
		asked := r.Sampling.MaxTokens
		granted, err := m.reserve(ctx, asked, prompt, token.times(float64(len(r.Ordinals))))
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		r.Sampling.MaxTokens = granted
		child := token.times(float64(granted))
		all := prompt.plus(child.times(float64(len(r.Ordinals))))
		left := all
		defer func() { m.end(all, left) }()
		reserved := child.plus(prompt) // the first child that comes pays for reading the prefix
		cut := false
		for c, err := range m.Backend.Expand(ctx, r) {
			if err == nil {
				cut = cut || c.Finish == reasoning.FinishLength && granted < asked
			} else {
				reserved = left // for all that will not come
			}
			m.spend(reserved, c.Usage, &m.bill.Policy)
			left, reserved = left.plus(reserved.times(-1)), child
			if !yield(c, err) || err != nil {
				return
			}
		}
		if cut {
			yield(policy.Child{}, fmt.Errorf("%w: %d tokens were left for a child that may have %d, and it was cut", search.ErrSpent, granted, asked))
		}
	}
}

// Score implements search.World.
func (m *Metered) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	tokens := mostTokens(r.Problem, r.Steps)
	all := amount{0, float64(tokens), m.judge.FLOPs(tokens)}
	if _, err := m.reserve(ctx, 1, all, amount{}); err != nil {
		return verifier.Result{}, err
	}
	left := all
	defer func() { m.end(all, left) }()
	result, err := m.Backend.Score(ctx, r)
	if err == nil {
		m.spend(all, result.Usage, &m.bill.Verifier)
		left = amount{}
	}
	return result, err
}

// reserve waits until some units can be had, at most so many.
func (m *Metered) reserve(ctx context.Context, most int, fixed, each amount) (units int, err error) {
	for {
		m.mu.Lock()
		units, err = m.purses.grant(most, fixed, each)
		if units > 0 {
			m.purses.reserve(fixed.plus(each.times(float64(units))))
		}
		settled := m.settled
		m.mu.Unlock()
		if units > 0 || err != nil {
			return units, err
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (m *Metered) spend(reserved amount, u reasoning.Usage, bill *reasoning.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purses.spend(reserved, costOf(u))
	*bill = bill.Add(u)
	m.wake()
}

func (m *Metered) end(all, left amount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purses.end(all, left)
	m.wake()
}

// wake lets calls that wait look again. The caller holds m.mu.
func (m *Metered) wake() {
	close(m.settled)
	m.settled = make(chan struct{})
}

// mostTokens is no less than the tokens of a problem and texts after it: one a byte,
// as tokenizers that fall back to bytes have, one a text for the mark where its
// score is read, and some for the template.
func mostTokens(problem string, texts []string) int64 {
	const template = 64
	n := template + len(problem) + len(texts)
	for _, s := range texts {
		n += len(s)
	}
	return int64(n)
}
