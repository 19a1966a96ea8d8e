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

	// mu guards the accounts, with all that belongs to them, and the bill. Nothing else
	// is locked under it.
	mu      sync.Mutex
	account *account // of the search; nil where there is no budget
	bill    reasoning.Bill
	change  chan struct{} // closed, and replaced, when something was given back
}

// Meter keeps a search within a budget: spent + reserved ≤ bound at all times, for
// engines that keep to their MaxTokens. What a growth of the tree may cost is reserved
// before it is asked for, and settled child by child.
//
// Where less is left than a growth asks for, its children get fewer tokens each, and, so
// that a step is not cut that has hardly begun, some of its requests wait for others:
// see reservation. When nothing can be had even after these, it is a search.ErrSpent; so
// it is, after all children, when one was cut for having fewer. Branches of a search get
// equal parts of what is left where they part.
//
// What a text will cost a verifier is not known before: at most a token a byte is
// assumed, and a few for marks and templates. FLOPs are bounded only if the models'
// Parameters are known.
func Meter(b search.Backend, budget Budget, policy, rewardModel reasoning.Model) *Metered {
	m := &Metered{Backend: b, policy: policy, rewardModel: rewardModel, change: make(chan struct{})}
	if budget != (Budget{}) {
		m.account = newAccount(budget)
	}
	return m
}

// Bill returns the cost so far, with that of what was stopped before its end. It is true
// even where an engine did more than it was asked for; only what is lost with an engine
// that fails or dies is not in it.
func (m *Metered) Bill() reasoning.Bill {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bill
}

// ChargeEstimate spends what an estimate of difficulty cost before the search.
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

// Divide implements search.Ledger. It waits for growths that have not ended, as they may
// give something back.
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

// accountOf returns the account of a context: that of its branch, or the search's.
func (m *Metered) accountOf(ctx context.Context) *account {
	if a, _ := ctx.Value(accountKey{}).(*account); a != nil {
		return a
	}
	return m.account
}

// Expand implements search.Backend. A request for which nothing is reserved is reserved
// for now.
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

// expandUnbounded expands where there is no budget.
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

// expand asks for children, each of which has a share.
func (m *Metered) expand(ctx context.Context, r policy.Request, shares []*share, yield func(policy.Child, error) bool) {
	asked := r.Sampling.MaxTokens
	r.Sampling.MaxTokens = m.grant(r, shares)
	if r.Sampling.MaxTokens < 1 {
		yield(policy.Child{}, fmt.Errorf("%w: nothing is left of what the next part of a child may cost", search.ErrSpent))
		return
	}
	missing := slices.Clone(shares) // nil for those that came
	cut := false
	for c, err := range m.Backend.Expand(ctx, r) {
		cut = cut || err == nil && c.Finish == reasoning.FinishLength && r.Sampling.MaxTokens < asked
		m.book(c, err, slices.Index(r.Ordinals, c.Ordinal), missing)
		if !yield(c, err) || err != nil {
			return
		}
	}
	if cut {
		yield(policy.Child{}, fmt.Errorf("%w: %d tokens were left for a child that may have %d, and it was cut",
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

// book puts on the bill, and on its share, what child i of a request cost; or, with an
// error, what was generated of all that do not come.
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
	m.account.spend(amount{}, cost) // nothing, but of an engine that does more than it may
}

// promptCost returns the most that it may cost to read what a request goes on from.
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

// grantScore waits until a score is paid for. It is in its place among the scores of the
// growth that it belongs to, if there is one.
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
		s.score.decide() // whatever other scores cost
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

// grantScoreAlone waits until an account can pay for a score, as long as something that
// is under way may give back what it lacks.
func (m *Metered) grantScoreAlone(ctx context.Context, a *account, cost amount) (g *scoreGrant, err error) {
	g = &scoreGrant{account: a, cost: cost, decided: make(chan struct{})}
	if err := m.wait(ctx, g.decide); err != nil {
		return nil, err
	}
	return g, g.err
}

// scoreCost returns what a score of so many tokens costs.
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

// changed lets those look again who wait. The caller holds m.mu.
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

// mostTokens returns no less than the tokens of a problem and texts after it: one a byte,
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
