package backend

import (
	"context"
	"math"
	"strconv"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A reservation is the part of an account that is reserved for a growth: for its batches of
// children in the order of the tree, and for their scores in the order of the children.
//
// A grant depends on program order and on the cost of results, not on the time of their
// arrival: it is what it would be if everything before it in program order had been paid.
// If the account can pay everything, nothing waits. Otherwise as many batches are granted
// together as get leastPart of their demand, and the others wait until these are done.
//
// It is guarded by Metered.mu.
type reservation struct {
	ctx     context.Context
	meter   *Metered
	account *account
	strands bool // a child's share also pays its score and what follows the child
	batches []*batch
	shares  []*share // of all children, in their order
	byChild map[string]*share
	scored  int // number of shares, from the first, whose scores are decided or not needed
	undone  int // number of shares that are not done
}

// leastPart is the part of its demand below which a batch waits: a step that reserves 2,048
// tokens costs about 40, so that most of a reservation is returned soon, and a truncated
// step is worthless.
const leastPart = 1.0 / 8

// A batch is the children of one request. It is guarded by Metered.mu.
type batch struct {
	search.Demand
	token   amount // cost of a generated token
	prompt  amount // cost of reading the prefix, with which the first child to arrive is charged
	later   amount // cost of reading it again for later parts of a child
	pot     amount // reserved for prompt, beside the shares
	account *account
	shares  []*share
	decided chan struct{} // closed when the batch is granted or refused
	granted bool
	err     error // the ErrSpent of a batch that is refused
	undone  int   // number of shares that are not done
	// unwritten is the number of shares whose children may get more text.
	unwritten int
}

// reservationKey and accountKey are the keys of a context's *reservation and *account.
type (
	reservationKey struct{}
	accountKey     struct{}
)

// newReservation adds to an account the reservation of a growth.
func (m *Metered) newReservation(ctx context.Context, a *account, demands []search.Demand, strands bool) *reservation {
	r := &reservation{meter: m, account: a, strands: strands, byChild: map[string]*share{}}
	r.ctx = context.WithValue(ctx, reservationKey{}, r)
	for _, d := range demands {
		b := m.newBatch(a, d)
		for _, ordinal := range d.Request.Ordinals {
			s := &share{batch: b}
			b.shares, r.shares = append(b.shares, s), append(r.shares, s)
			r.byChild[childID(d.Request.Node, ordinal)] = s
		}
		r.batches = append(r.batches, b)
	}
	r.undone = len(r.shares)
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

// newBatch returns the batch of a demand.
func (m *Metered) newBatch(a *account, d search.Demand) *batch {
	prompt := m.promptCost(d.Request)
	return &batch{
		Demand: d, account: a, token: amount{currencyTokens: 1, currencyFLOPs: m.policy.FLOPs(1)},
		prompt: prompt, later: prompt.times(float64(d.Parts - 1)), decided: make(chan struct{}),
		undone: len(d.Request.Ordinals), unwritten: len(d.Request.Ordinals),
	}
}

// waits reports whether the batch is neither granted nor refused, and still needed.
func (b *batch) waits() bool { return !b.granted && b.err == nil && b.undone > 0 }

// wait blocks until the batch is granted, and returns its ErrSpent if it is refused.
func (b *batch) wait(ctx context.Context) error {
	select {
	case <-b.decided:
		return b.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// decide grants the batch, or refuses it with err.
func (b *batch) decide(err error) {
	b.granted, b.err = err == nil, err
	close(b.decided)
}

// least returns the fewest tokens that are worth requesting for a child.
func (b *batch) least() float64 { return float64(b.Request.Sampling.MaxTokens) * leastPart }

// tokens returns how many tokens a child may generate in total if its share is part.
func (b *batch) tokens(part amount) float64 {
	return b.affordable(part.minus(b.later))
}

// affordable returns how many tokens an amount pays for, up to the most of a child.
func (b *batch) affordable(x amount) float64 {
	n := float64(b.Tokens)
	for c, price := range b.token {
		if price > 0 {
			n = min(n, math.Floor(x[c]/price))
		}
	}
	return max(0, n)
}

// grantBatches grants the batches that can be granted now, and reports whether no batch
// waits. first is whether all reservations before r have ended.
func (r *reservation) grantBatches(first bool) bool {
	for {
		var waiting []*batch
		var most amount
		alone := first
		for _, b := range r.batches {
			switch {
			case b.waits():
				waiting = append(waiting, b)
				child := b.token.times(float64(b.Tokens)).plus(b.later)
				most = most.plus(b.prompt).plus(child.times(float64(len(b.shares))))
			case b.undone > 0:
				alone = false
			}
		}
		_, lacks := r.account.lacks(most)
		switch {
		case len(waiting) == 0:
			return true
		case !r.strands && !lacks && (alone || !r.account.bounded[currencyFLOPs]): // earlier scores may need FLOPs
			for _, b := range waiting {
				r.grant(b, b.token.times(float64(b.Tokens)).plus(b.later))
			}
		case !alone:
			return false
		default:
			r.grantPart(waiting)
		}
	}
}

// grantPart divides what is left equally among the children of the first batches that wait:
// of as many as get enough, and at least of one.
func (r *reservation) grantPart(waiting []*batch) {
	left := r.account.left()
	for n := len(waiting); n > 0; n-- {
		children, prompts := 0, amount{}
		for _, b := range waiting[:n] {
			children += len(b.shares)
			prompts = prompts.plus(b.prompt)
		}
		part := left.minus(prompts).times(1 / float64(children)).floor()
		enough := true
		for _, b := range waiting[:n] {
			enough = enough && r.enough(b, part)
		}
		switch b := waiting[0]; {
		case n > 1 && !enough:
		case b.tokens(part) < 1:
			b.decide(r.account.spentError(b.prompt.plus(b.token.times(float64(len(b.shares))))))
			return
		default:
			for _, b := range waiting[:n] {
				r.grant(b, part)
			}
			return
		}
	}
}

// enough reports whether a share of part is worth granting to each child of a batch.
func (r *reservation) enough(b *batch, part amount) bool {
	if b.tokens(part) < min(b.least(), float64(b.Tokens)) {
		return false
	}
	if r.strands { // the share also pays for the score
		return part.covers(r.meter.scoreCost(mostTokens(b.Request.Problem, b.Request.Steps) + int64(b.least())))
	}
	return true
}

// grant opens the shares of a batch. Each is part, or as much of it as the child can use.
func (r *reservation) grant(b *batch, part amount) {
	if !r.strands {
		part = b.token.times(b.tokens(part)).plus(b.later)
	}
	b.pot = b.prompt
	r.account.hold(b.pot)
	for _, s := range b.shares {
		s.account = r.account.open(part)
	}
	b.decide(nil)
}

// grantScores decides about scores in the order of the children, and reports whether all
// are decided. It stops at a child that may still request a score, and at a score that
// another reservation may make possible by shrinking.
func (r *reservation) grantScores() bool {
	for ; r.scored < len(r.shares); r.scored++ {
		s := r.shares[r.scored]
		switch {
		case s.done || r.strands:
			continue
		case s.score == nil:
			return false
		}
		if !s.score.done && !s.score.decide() {
			return false
		}
	}
	return true
}

// Context implements search.Reservation.
func (r *reservation) Context() context.Context { return r.ctx }

// Strand implements search.Reservation.
func (r *reservation) Strand(child string) context.Context {
	r.meter.mu.Lock()
	defer r.meter.mu.Unlock()
	return context.WithValue(r.ctx, accountKey{}, r.byChild[child].account)
}

// Done implements search.Reservation.
func (r *reservation) Done(child string) {
	r.meter.mu.Lock()
	defer r.meter.mu.Unlock()
	r.done(r.byChild[child])
}

// done ends a share.
func (r *reservation) done(s *share) {
	if s.done {
		return
	}
	s.done = true
	s.close()
	if s.score != nil { // it may have been granted after its caller had stopped waiting
		s.score.settle(amount{})
	}
	s.batch.undone--
	if r.undone--; r.undone == 0 {
		r.account.end(r)
	}
	r.account.advance()
	r.meter.changed()
}
