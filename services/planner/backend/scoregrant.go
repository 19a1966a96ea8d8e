package backend

// A scoreGrant is the decision whether a score can be paid. It is guarded by Metered.mu.
type scoreGrant struct {
	account *account
	cost    amount        // at most
	granted bool          // and not settled: cost is reserved
	done    bool          // granted or refused
	decided chan struct{} // closed when done
	err     error         // the ErrSpent of a score that is refused
}

// decide grants or refuses the score and reports whether it has. It does neither while a
// reservation may shrink by what the score lacks.
func (g *scoreGrant) decide() bool {
	c, lacks := g.account.lacks(g.cost)
	switch {
	case !lacks:
		g.account.hold(g.cost)
		g.granted = true
	case g.account.reserved[c] > 0:
		return false
	default:
		g.err = g.account.spentError(g.cost)
	}
	g.done = true
	close(g.decided)
	return true
}

// settle replaces the reservation for the score by its cost. Only the first call has an
// effect.
func (g *scoreGrant) settle(cost amount) {
	if !g.granted {
		return
	}
	g.granted = false
	g.account.spend(amount{}, cost)
	g.account.drop(g.cost)
	g.account.advance()
}
