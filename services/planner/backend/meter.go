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

// A Metered is a Backend within a budget, with a bill. It is a search.Ledger: what it grants
// depends on program order and results alone, so that the same results give the same tree.
type Metered struct {
	search.Backend
	ledger *ledger // nil if there is no budget

	mu   sync.Mutex
	bill reasoning.Bill
}

// Meter returns a backend that keeps a search within a budget: spent + reserved ≤ bound. The
// most that the children of one search.Growth may cost is reserved before they are requested,
// and settled child by child. What cannot be reserved may exceed the bound: the tokens of an
// engine beyond its MaxTokens, those that attempts wasted before they were repeated, and those of
// ChargeEstimate.
//
// If less is left than a growth may cost, its children get fewer tokens each, and some of
// them wait for others, so that a child is not truncated after a few tokens: see reservation.
// Branches of a search get equal parts of what is left where they begin. A branch that has used
// its part waits for what the others do not use: see account.
//
// A request that cannot be paid even then fails with search.ErrSpent. If a share was smaller than
// MaxTokens and truncated a child, the request yields all its children and then search.ErrSpent.
//
// The tokens of a text for a verifier are unknown before it is scored: see mostTokens. FLOPs are
// bounded only if the models' Parameters are known.
func Meter(b search.Backend, budget Budget, policy, rewardModel reasoning.Model) *Metered {
	m := &Metered{Backend: b}
	if budget != (Budget{}) {
		m.ledger = &ledger{policy: policy, rewardModel: rewardModel, account: newAccount(budget)}
	}
	return m
}

// Bill returns the cost so far, with wasted tokens as far as children, errors and OnWaste report
// them. It includes the tokens of an engine that generates more than it may.
func (m *Metered) Bill() reasoning.Bill {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bill
}

// ChargeEstimate bills an estimate of difficulty, and spends its cost from the budget.
func (m *Metered) ChargeEstimate(c reasoning.Cost) {
	m.mu.Lock()
	m.bill.AddDifficulty(c)
	m.mu.Unlock()
	if m.ledger != nil {
		m.ledger.spend(c.Usage)
	}
}

// Reserve implements search.Ledger.
func (m *Metered) Reserve(ctx context.Context, demands []search.Demand, followUps bool) search.Reservation {
	if m.ledger == nil {
		return search.Unbounded(ctx)
	}
	return m.ledger.reserve(ctx, demands, followUps)
}

// Divide implements search.Ledger.
func (m *Metered) Divide(ctx context.Context, n int) []search.Branch {
	if m.ledger == nil {
		return search.Undivided(ctx, n)
	}
	return m.ledger.divide(ctx, n)
}

// Expand implements search.Backend. It reserves the cost of a request that has no
// reservation.
func (m *Metered) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		if m.ledger == nil {
			m.expandUnbounded(ctx, r, yield)
			return
		}
		if shares := sharesOf(ctx, r); shares != nil {
			m.expand(ctx, r, shares, yield)
			return
		}
		reserved := m.ledger.reserve(ctx, []search.Demand{{Request: r, Tokens: r.Sampling.MaxTokens, Parts: 1}}, false)
		for _, ordinal := range r.Ordinals {
			defer reserved.Done(childID(r.Node, ordinal))
		}
		m.expand(ctx, r, sharesOf(reserved.Context(), r), func(c policy.Child, err error) bool {
			if err == nil && slices.Contains(r.Ordinals, c.Ordinal) {
				reserved.Done(childID(r.Node, c.Ordinal))
			}
			return yield(c, err)
		})
	}
}

// expandUnbounded expands without a budget.
func (m *Metered) expandUnbounded(ctx context.Context, r policy.Request, yield func(policy.Child, error) bool) {
	r.OnWaste = m.charge
	for c, err := range m.Backend.Expand(ctx, r) {
		c = m.billPolicy(c, err)
		if !yield(c, err) || err != nil {
			return
		}
	}
}

// expand requests children within their shares, in one request for those that are granted
// together.
func (m *Metered) expand(ctx context.Context, r policy.Request, shares []*share, yield func(policy.Child, error) bool) {
	var truncated error
	for len(shares) > 0 {
		n, err := m.ledger.wait(ctx, shares)
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		granted := r
		granted.Ordinals = r.Ordinals[:n]
		granted.Sampling.MaxTokens = m.ledger.tokens(granted, shares[:n])
		if granted.Sampling.MaxTokens < 1 {
			yield(policy.Child{}, fmt.Errorf("%w: no token is left for the next part of a child", search.ErrSpent))
			return
		}
		for c, err := range m.expandGranted(ctx, granted, shares[:n]) {
			if err == nil && c.Finish == reasoning.FinishLength && granted.Sampling.MaxTokens < r.Sampling.MaxTokens {
				truncated = fmt.Errorf("%w: a child was truncated at %d tokens, of %d that it may have",
					search.ErrSpent, granted.Sampling.MaxTokens, r.Sampling.MaxTokens)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
		r.Ordinals, shares = r.Ordinals[n:], shares[n:]
	}
	if truncated != nil {
		yield(policy.Child{}, truncated)
	}
}

// expandGranted requests children, bills them, and spends the cost of each from its share.
// With an error it spends the wasted tokens from the shares of all missing children.
func (m *Metered) expandGranted(ctx context.Context, r policy.Request, shares []*share) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		missing := slices.Clone(shares) // nil for children that have arrived
		r.OnWaste = m.charge
		for c, err := range m.Backend.Expand(ctx, r) {
			c = m.billPolicy(c, err)
			var s *share
			if i := slices.Index(r.Ordinals, c.Ordinal); err == nil && i >= 0 {
				s, missing[i] = missing[i], nil
			}
			m.ledger.book(c.Usage, s, missing)
			if !yield(c, err) || err != nil {
				return
			}
		}
		// Without an error, siblings would wait for the share of a child that does not come.
		if i := slices.IndexFunc(missing, func(s *share) bool { return s != nil }); i >= 0 {
			err := fmt.Errorf("policy did not send child %d of node %q: see the policy's log", r.Ordinals[i], r.Node)
			yield(policy.Child{}, err)
		}
	}
}

// billPolicy bills the cost of a child, or of one that was yielded with err: then all of it is wasted. It returns the
// child with each waste named.
func (m *Metered) billPolicy(c policy.Child, err error) policy.Child {
	cost := c.Cost()
	if err != nil {
		cost = cost.EndedBy(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bill.AddPolicy(cost)
	return c.WithCost(cost)
}

// charge bills what a policy has wasted and is in no child, and spends it from the budget.
func (m *Metered) charge(c reasoning.Cost) {
	m.mu.Lock()
	m.bill.AddPolicy(c)
	m.mu.Unlock()
	if m.ledger != nil {
		m.ledger.spend(c.Usage)
	}
}

// Score implements search.Backend.
func (m *Metered) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if m.ledger == nil {
		return m.score(ctx, r)
	}
	grant, err := m.ledger.grantScore(ctx, r)
	if err != nil {
		return verifier.Result{}, err
	}
	result, err := m.score(ctx, r)
	m.ledger.settle(grant, result.Usage)
	return result, err
}

// score requests a score and bills it.
func (m *Metered) score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	result, err := m.Backend.Score(ctx, r)
	if err != nil {
		result = verifier.Failed(result.Cost(), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bill.AddVerifier(result.Cost())
	return result, err
}
