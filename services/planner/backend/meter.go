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

// A Metered is a Backend within a budget, with a bill. It is a search.Ledger: a search
// that grows the same tree from the same results does so within a budget, too.
type Metered struct {
	search.Backend
	policy, rewardModel reasoning.Model

	// mu guards the bill, the accounts, and their reservations, batches and shares. No other
	// lock is taken while it is held.
	mu      sync.Mutex
	account *account // of the search; nil if there is no budget
	bill    reasoning.Bill
	change  chan struct{} // closed and replaced when a reservation shrinks
}

// Meter returns a backend that keeps a search within a budget: spent + reserved ≤ bound at
// all times, for engines that keep to their MaxTokens. The most that a growth of the tree
// may cost is reserved before its children are requested, and settled child by child.
//
// If less is left than a growth may cost, its children get fewer tokens each, and some of
// its requests wait for others, so that a step is not truncated after a few tokens: see
// reservation. A request that cannot be paid even then fails with search.ErrSpent; so does
// one, after all its children, of which a child was truncated for its smaller share.
// Branches of a search get equal parts of what is left where they begin.
//
// The tokens of a text for a verifier are unknown before it is scored: one token per byte
// is assumed, and some for marks and templates. FLOPs are bounded only if the models'
// Parameters are known.
func Meter(b search.Backend, budget Budget, policy, rewardModel reasoning.Model) *Metered {
	m := &Metered{Backend: b, policy: policy, rewardModel: rewardModel, change: make(chan struct{})}
	if budget != (Budget{}) {
		m.account = newAccount(budget)
	}
	return m
}

// Bill returns the cost so far, wasted tokens included. It includes the tokens of an engine
// that generates more than it may, but not those that are lost when an engine fails.
func (m *Metered) Bill() reasoning.Bill {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bill
}

// ChargeEstimate bills an estimate of difficulty, and spends its cost from the budget.
func (m *Metered) ChargeEstimate(u reasoning.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bill.Difficulty = m.bill.Difficulty.Add(u)
	if m.account != nil {
		m.account.spend(amount{}, costOf(u))
	}
}

// Reserve implements search.Ledger.
func (m *Metered) Reserve(ctx context.Context, demands []search.Demand, strands bool) search.Reservation {
	if m.account == nil {
		return search.Unbounded(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.newReservation(ctx, m.accountOf(ctx), demands, strands)
}

// Divide implements search.Ledger. It waits for growths that have not ended, because they
// may return a part of their reservations.
func (m *Metered) Divide(ctx context.Context, n int) (branches []context.Context, join func()) {
	if m.account == nil {
		return slices.Repeat([]context.Context{ctx}, n), func() {}
	}
	a := m.accountOf(ctx)
	m.wait(ctx, func() bool { return len(a.reservations) == 0 })
	m.mu.Lock()
	defer m.mu.Unlock()
	part := a.left().times(1 / float64(n)).floor()
	var parts []*account
	for range n {
		b := a.open(part)
		parts = append(parts, b)
		branches = append(branches, context.WithValue(ctx, accountKey{}, b))
	}
	return branches, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, b := range parts {
			b.close()
		}
		a.advance()
		m.changed()
	}
}

// accountOf returns the account of a context's branch, or else of the search.
func (m *Metered) accountOf(ctx context.Context) *account {
	if a, _ := ctx.Value(accountKey{}).(*account); a != nil {
		return a
	}
	return m.account
}

// Expand implements search.Backend. It reserves the cost of a request that has no
// reservation.
func (m *Metered) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		if m.account == nil {
			m.expandUnbounded(ctx, r, yield)
			return
		}
		shares := sharesOf(ctx, r)
		if shares == nil {
			reserved := m.Reserve(ctx, []search.Demand{{Request: r, Tokens: r.Sampling.MaxTokens, Parts: 1}}, false)
			for _, ordinal := range r.Ordinals {
				defer reserved.Done(childID(r.Node, ordinal))
			}
			ctx = reserved.Context()
			shares = sharesOf(ctx, r)
		}
		if err := shares[0].batch.wait(ctx); err != nil {
			yield(policy.Child{}, err)
			return
		}
		m.expand(ctx, r, shares, yield)
	}
}

// expandUnbounded expands without a budget.
func (m *Metered) expandUnbounded(ctx context.Context, r policy.Request, yield func(policy.Child, error) bool) {
	for c, err := range m.Backend.Expand(ctx, r) {
		m.mu.Lock()
		m.bill.Policy = m.bill.Policy.Add(c.Usage)
		m.mu.Unlock()
		if !yield(c, err) || err != nil {
			return
		}
	}
}

// expand requests children within their shares.
func (m *Metered) expand(ctx context.Context, r policy.Request, shares []*share, yield func(policy.Child, error) bool) {
	asked := r.Sampling.MaxTokens
	r.Sampling.MaxTokens = m.grant(r, shares)
	if r.Sampling.MaxTokens < 1 {
		yield(policy.Child{}, fmt.Errorf("%w: no token is left for the next part of a child", search.ErrSpent))
		return
	}
	missing := slices.Clone(shares) // nil for children that have arrived
	cut := false
	for c, err := range m.Backend.Expand(ctx, r) {
		cut = cut || err == nil && c.Finish == reasoning.FinishLength && r.Sampling.MaxTokens < asked
		m.book(c, err, slices.Index(r.Ordinals, c.Ordinal), missing)
		if !yield(c, err) || err != nil {
			return
		}
	}
	if cut {
		yield(policy.Child{}, fmt.Errorf("%w: a child was truncated at %d tokens, of %d that it may have",
			search.ErrSpent, r.Sampling.MaxTokens, asked))
	}
}

// grant returns how many tokens each of the children of a request may generate.
func (m *Metered) grant(r policy.Request, shares []*share) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	tokens, prompt := r.Sampling.MaxTokens, m.promptCost(r)
	for _, s := range shares {
		tokens = min(tokens, s.tokens(prompt))
	}
	for _, s := range shares {
		s.parts++
	}
	return tokens
}

// book bills child i of a request and spends its cost from its share. With an error it
// spends the wasted tokens from the shares of all missing children.
func (m *Metered) book(c policy.Child, err error, i int, missing []*share) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bill.Policy = m.bill.Policy.Add(c.Usage)
	if err == nil && i >= 0 && missing[i] != nil {
		missing[i].pay(c.Usage)
		missing[i] = nil
		return
	}
	cost := costOf(c.Usage)
	for _, s := range missing {
		if s != nil {
			cost = cost.minus(s.payUpTo(cost))
		}
	}
	m.account.spend(amount{}, cost) // zero, unless the engine has exceeded its MaxTokens
}

// promptCost returns an upper bound of the cost of reading a request's prefix.
func (m *Metered) promptCost(r policy.Request) amount {
	return amount{currencyFLOPs: m.policy.FLOPs(mostTokens(r.Problem, slices.Concat(r.Attempts, r.Steps)))}
}

// Score implements search.Backend.
func (m *Metered) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	grant, err := m.grantScore(ctx, r)
	if err != nil {
		return verifier.Result{}, err
	}
	result, err := m.Backend.Score(ctx, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.bill.Verifier = m.bill.Verifier.Add(result.Usage)
	}
	if grant != nil {
		grant.settle(costOf(result.Usage))
		m.changed()
	}
	return result, err
}

// grantScore waits until a score is granted, in the order of the scores of its growth if it
// belongs to one.
func (m *Metered) grantScore(ctx context.Context, r verifier.Request) (*scoreGrant, error) {
	if m.account == nil {
		return nil, nil
	}
	cost := m.scoreCost(mostTokens(r.Problem, r.Steps))
	m.mu.Lock()
	reserved, _ := ctx.Value(reservationKey{}).(*reservation)
	if reserved == nil || reserved.byChild[r.Node] == nil {
		m.mu.Unlock()
		return m.grantScoreAlone(ctx, m.accountOf(ctx), cost)
	}
	s := reserved.byChild[r.Node]
	if reserved.strands {
		a := s.account
		m.mu.Unlock()
		return m.grantScoreAlone(ctx, a, cost)
	}
	s.close()
	s.score = &scoreGrant{account: reserved.account, cost: cost, decided: make(chan struct{})}
	if a := reserved.account; !a.bounded[currencyVerifier] && !a.bounded[currencyFLOPs] {
		s.score.decide() // it does not depend on the cost of other scores
	}
	reserved.account.advance()
	m.changed()
	m.mu.Unlock()
	select {
	case <-s.score.decided:
		return s.score, s.score.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// grantScoreAlone waits until an account can pay for a score, as long as a reservation may
// shrink by what is lacking.
func (m *Metered) grantScoreAlone(ctx context.Context, a *account, cost amount) (g *scoreGrant, err error) {
	g = &scoreGrant{account: a, cost: cost, decided: make(chan struct{})}
	if err := m.wait(ctx, g.decide); err != nil {
		return nil, err
	}
	return g, g.err
}

// scoreCost returns the cost of scoring a number of tokens.
func (m *Metered) scoreCost(tokens int64) amount {
	return amount{currencyVerifier: float64(tokens), currencyFLOPs: m.rewardModel.FLOPs(tokens)}
}

// wait blocks until ready, which is called under m.mu, returns true.
func (m *Metered) wait(ctx context.Context, ready func() bool) error {
	for {
		m.mu.Lock()
		ok, change := ready(), m.change
		m.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// changed wakes the calls of wait. The caller holds m.mu.
func (m *Metered) changed() {
	close(m.change)
	m.change = make(chan struct{})
}

// sharesOf returns the shares of a request's children, or nil if nothing is reserved for
// them.
func sharesOf(ctx context.Context, r policy.Request) (shares []*share) {
	reserved, ok := ctx.Value(reservationKey{}).(*reservation)
	if !ok {
		return nil
	}
	for _, ordinal := range r.Ordinals {
		s := reserved.byChild[childID(r.Node, ordinal)]
		if s == nil || s.batch != reserved.byChild[childID(r.Node, r.Ordinals[0])].batch {
			return nil
		}
		shares = append(shares, s)
	}
	return shares
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
