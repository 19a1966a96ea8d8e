package backend

import (
	"context"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A reservation is the part of an account that is reserved for a growth: for its children, and
// for their scores, both in the order of the tree.
//
// A grant depends on program order and on the cost of results, not on the time of their
// arrival: it is what it would be if everything before it in program order had been paid. If
// no work follows the children and the account can pay for their limits, all are granted (with a
// bound on FLOPs, after everything before is paid). If it can pay equal parts that cover the least that each child must get (demand.least), the children get such parts.
// Otherwise they wait until the account gets more. If it gets no more, as many of the first
// children as can have such a part are granted together, and the others wait until these are done.
//
// A reservation is guarded by ledger.mu.
type reservation struct {
	ctx       context.Context
	ledger    *ledger
	account   *account
	followUps bool // work follows each child (see search.Ledger); its share pays for that and its score
	byChild   map[string]*share
	open      []*share // granted or refused, and not done, in the order of the children
	waiting   []*share // the children after these, neither granted nor refused, and not done
	most      amount   // limit of what the children in waiting cost
}

// newReservation adds to an account the reservation of a growth.
func (l *ledger) newReservation(ctx context.Context, a *account, demands []search.Demand, followUps bool) *reservation {
	r := &reservation{ledger: l, account: a, followUps: followUps, byChild: map[string]*share{}}
	r.ctx = context.WithValue(ctx, reservationKey{}, r)
	for _, d := range demands {
		priced := l.newDemand(d, followUps)
		for _, ordinal := range d.Request.Ordinals {
			s := &share{demand: priced, decided: make(chan struct{})}
			r.waiting = append(r.waiting, s)
			r.byChild[childID(d.Request.Node, ordinal)] = s
		}
	}
	r.most = total(r.waiting, (*demand).most)
	a.reservations = append(a.reservations, r)
	a.advance()
	return r
}

// childID returns the id of a node's child.
func childID(node string, ordinal int) string {
	if node == "" {
		return strconv.Itoa(ordinal)
	}
	return node + "." + strconv.Itoa(ordinal)
}

// grantChildren grants all children that wait, if it can, and reports whether none waits. first
// is whether all reservations before r have ended.
func (r *reservation) grantChildren(first bool) bool {
	left := r.account.left()
	alone := first && len(r.open) == 0
	switch {
	case len(r.waiting) == 0:
	case !r.followUps && (alone || !r.account.bounded[currencyFLOPs]) && left.covers(r.most):
		r.grant(len(r.waiting), left) // earlier scores are paid, or cost only verifier tokens
	case alone && fundable(r.waiting, left) == len(r.waiting):
		r.grant(len(r.waiting), equalPart(r.waiting, left))
	default:
		return false
	}
	return true
}

// grantScores grants scores in the order of the children. It reports whether the scores of the
// next growth may be granted: no score of r waits or may still be requested.
func (r *reservation) grantScores() bool {
	for _, s := range r.open {
		if !r.followUps && (s.score == nil || !s.score.grant()) {
			return false
		}
	}
	return len(r.waiting) == 0
}

// grant opens an account for each of the first n children that wait, bounded by part or by as
// much of it as the child can use.
func (r *reservation) grant(n int, part amount) {
	for i, s := range r.waiting[:n] {
		if i == 0 || s.demand != r.waiting[i-1].demand {
			s.prompt = r.account.newPrompt(s.demand.prompt)
		} else {
			s.prompt = r.waiting[i-1].prompt
		}
		s.prompt.unread++
		if r.followUps {
			s.account = r.account.open(part)
		} else {
			s.account = r.account.open(s.demand.cost(s.demand.affordable(part.minus(s.demand.later))))
		}
	}
	r.decide(n)
}

// decide moves the first n children that wait, which are granted or refused, to open.
func (r *reservation) decide(n int) {
	for _, s := range r.waiting[:n] {
		close(s.decided)
	}
	r.open = append(r.open, r.waiting[:n]...)
	r.waiting = r.waiting[n:]
	r.most = total(r.waiting, (*demand).most)
}

// dry reports whether all children wait for grants.
func (r *reservation) dry() bool {
	return !slices.ContainsFunc(r.open, func(s *share) bool { return !s.waits() })
}

// followUpAccounts returns the accounts of the open children if each pays for what follows its
// child.
func (r *reservation) followUpAccounts() (accounts []*account) {
	if r.followUps {
		for _, s := range r.open {
			accounts = append(accounts, s.account)
		}
	}
	return accounts
}

// need returns the amount with which r, which is dry and has no open follow-ups, can go on: the
// cost of all scores that wait, or else the least of all children that wait.
func (r *reservation) need() (scores amount) {
	if len(r.open) == 0 {
		return total(r.waiting, (*demand).least)
	}
	for _, s := range r.open {
		scores = scores.plus(s.score.cost)
	}
	return scores
}

// force decides about what waits first, although the account of r is dry. It refuses the first
// score that waits. If none waits, it grants as many of the first children as can have their
// least, at least one, or refuses the first child if not a token of it can be paid.
func (r *reservation) force() {
	if len(r.open) > 0 {
		r.open[0].score.refuse()
		return
	}
	left := r.account.left()
	n := max(1, fundable(r.waiting, left))
	part := equalPart(r.waiting[:n], left)
	if s := r.waiting[0]; !part.covers(s.demand.cost(1)) {
		s.err = r.account.spentError(s.demand.prompt.plus(s.demand.cost(1)))
		r.decide(1)
		return
	}
	r.grant(n, part)
}

// Context implements search.Reservation.
func (r *reservation) Context() context.Context { return r.ctx }

// FollowUp implements search.Reservation.
func (r *reservation) FollowUp(child string) context.Context {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	return context.WithValue(r.ctx, accountKey{}, r.byChild[child].account)
}

// Done implements search.Reservation.
func (r *reservation) Done(child string) {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	s := r.byChild[child]
	if s.done {
		return
	}
	s.done = true
	s.close()
	if s.score != nil { // it may have been granted after its caller had stopped waiting
		s.score.settle(amount{})
	}
	if isDone := func(s *share) bool { return s.done }; s.account != nil || s.err != nil {
		r.open = slices.DeleteFunc(r.open, isDone)
	} else {
		r.waiting = slices.DeleteFunc(r.waiting, isDone)
		r.most = total(r.waiting, (*demand).most)
	}
	if len(r.open)+len(r.waiting) == 0 {
		r.account.end(r)
	}
	r.account.advance()
}
