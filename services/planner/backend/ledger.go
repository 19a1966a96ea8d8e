package backend

import (
	"context"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A ledger grants what a search may spend of a budget, in program order.
type ledger struct {
	policy, rewardModel reasoning.Model // which determine the FLOPs of a token

	// mu guards the accounts, and their reservations, shares and scores. No other lock is taken
	// while it is held.
	mu      sync.Mutex
	account *account // of the search
}

// reservationKey and accountKey are the keys of a context's *reservation and *account.
type (
	reservationKey struct{}
	accountKey     struct{}
)

// accountOf returns the account of a context's branch or follow-up, or else of the search.
func (l *ledger) accountOf(ctx context.Context) *account {
	if a, _ := ctx.Value(accountKey{}).(*account); a != nil {
		return a
	}
	return l.account
}

// reserve adds the reservation of a growth to the account of its context.
func (l *ledger) reserve(ctx context.Context, demands []search.Demand, followUps bool) *reservation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newReservation(ctx, l.accountOf(ctx), demands, followUps)
}

// divide gives n branches equal parts of what is left of the account of a context.
func (l *ledger) divide(ctx context.Context, n int) (branches []search.Branch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accountOf(ctx)
	part := a.left().over(n)
	for range n {
		b := a.open(part)
		a.branches = append(a.branches, b)
		branches = append(branches, search.Branch{
			Context: context.WithValue(ctx, accountKey{}, b),
			End: func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				b.close()
				a.branches = slices.DeleteFunc(a.branches, func(o *account) bool { return o == b })
				a.advance()
			},
		})
	}
	return branches
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
		if s == nil {
			return nil
		}
		shares = append(shares, s)
	}
	return shares
}

// wait blocks until the first of some shares is granted, and returns how many of the first
// were granted together. It returns its ErrSpent if the share is refused.
func (l *ledger) wait(ctx context.Context, shares []*share) (n int, err error) {
	select {
	case <-shares[0].decided:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for n < len(shares) && shares[n].prompt == shares[0].prompt {
		n++
	}
	return n, shares[0].err
}

// tokens returns how many tokens each of the children of a request may generate.
func (l *ledger) tokens(r policy.Request, shares []*share) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens, prompt := r.Sampling.MaxTokens, l.promptCost(r)
	for _, s := range shares {
		tokens = min(tokens, s.tokens(prompt))
	}
	for _, s := range shares {
		s.parts++
	}
	return tokens
}

// book spends the cost of a child from its share s. If s is nil, it spends the cost from the
// shares of the children that are missing, of which those of others are nil.
func (l *ledger) book(u reasoning.Usage, s *share, missing []*share) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s != nil {
		s.pay(u)
		return
	}
	cost := costOf(u)
	for _, s := range missing {
		if s != nil {
			cost = cost.minus(s.payUpTo(cost))
		}
	}
	l.account.spend(amount{}, cost) // zero, unless the engine has exceeded its MaxTokens
}

// spend spends the cost of an estimate.
func (l *ledger) spend(u reasoning.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account.spend(amount{}, costOf(u))
}

// grantScore waits until a score is granted, in the order of the scores of its growth if it
// belongs to one.
func (l *ledger) grantScore(ctx context.Context, r verifier.Request) (_ *scoreGrant, err error) {
	g := l.newScore(ctx, r)
	select {
	case <-g.decided:
		err = g.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		l.settle(g, reasoning.Usage{}) // the next score is decided after this one
		return nil, err
	}
	return g, nil
}

// newScore requests a score from the account that pays for it.
func (l *ledger) newScore(ctx context.Context, r verifier.Request) *scoreGrant {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := &scoreGrant{
		account: l.accountOf(ctx), cost: l.scoreCost(mostTokens(r.Problem, r.Steps)), decided: make(chan struct{}),
	}
	reserved, _ := ctx.Value(reservationKey{}).(*reservation)
	var s *share
	if reserved != nil {
		s = reserved.byChild[r.Node]
	}
	switch {
	case s == nil:
		g.account.scores = append(g.account.scores, g)
	case reserved.followUps:
		g.account = s.account
		g.account.scores = append(g.account.scores, g)
	default:
		g.account = reserved.account
		s.close()
		s.score = g
		if a := g.account; !a.bounded[currencyVerifier] && !a.bounded[currencyFLOPs] {
			g.grant() // it does not depend on the cost of other scores
		}
	}
	g.account.advance()
	return g
}

// settle replaces the reservation for a score by its cost.
func (l *ledger) settle(g *scoreGrant, u reasoning.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g.settle(costOf(u))
	g.account.advance()
}

// promptCost returns an upper bound of the cost of reading a request's prefix.
func (l *ledger) promptCost(r policy.Request) amount {
	return amount{currencyFLOPs: l.policy.FLOPs(mostTokens(r.Problem, slices.Concat(r.Attempts, r.Steps)))}
}

// scoreCost returns the cost of scoring a number of tokens.
func (l *ledger) scoreCost(tokens int64) amount {
	return amount{currencyVerifier: float64(tokens), currencyFLOPs: l.rewardModel.FLOPs(tokens)}
}
