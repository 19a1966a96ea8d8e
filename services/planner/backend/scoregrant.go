package backend

// A scoreGrant is the decision whether a score can be paid. It is guarded by ledger.mu.
type scoreGrant struct {
	account *account
	cost    amount        // at most
	decided chan struct{} // closed when the score is granted or refused
	done    bool          // granted, refused or withdrawn
	err     error         // the ErrSpent of a score that is refused
	settled bool          // refused, withdrawn, or its cost is spent
}

// grant grants the score if the account can pay it now, and reports whether it is decided.
func (g *scoreGrant) grant() bool {
	if !g.done && g.account.left().covers(g.cost) {
		g.account.hold(g.cost)
		g.decide(nil)
	}
	return g.done
}

// refuse refuses the score.
func (g *scoreGrant) refuse() {
	g.settled = true
	g.decide(g.account.spentError(g.cost))
}

// decide reports that the score is granted, or refused with err.
func (g *scoreGrant) decide(err error) {
	g.done, g.err = true, err
	close(g.decided)
}

// settle replaces the reservation for the score by its cost. Only the first call has an
// effect. A score that is not decided is withdrawn.
func (g *scoreGrant) settle(cost amount) {
	if g.settled {
		return
	}
	if g.done {
		g.account.spend(amount{}, cost)
		g.account.drop(g.cost)
	}
	g.done, g.settled = true, true
}
