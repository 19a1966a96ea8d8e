package backend

import "github.com/ponder-mesh/ponder/reasoning"

// A share is the most that one child of a reservation may cost. It is guarded by ledger.mu.
type share struct {
	demand  *demand
	decided chan struct{} // closed when the share is granted or refused
	err     error         // the ErrSpent of a share that is refused
	account *account      // nil before the share is granted
	prompt  *prompt       // of the request for the child; nil before the share is granted
	parts   int           // requests made for the child
	read    bool          // its prompt is paid, or not needed
	score   *scoreGrant   // nil before a score is requested, and if the share pays for it
	closed  bool          // the child gets no more text
	done    bool          // Done was called for the child
}

// tokens returns how many tokens the next part of the child may generate if reading its
// prefix costs prompt. A first part is read at the cost of s.prompt.
func (s *share) tokens(prompt amount) int {
	if s.closed {
		return 0
	}
	left := s.account.left()
	if s.parts > 0 {
		left = left.minus(prompt)
	}
	return s.demand.affordable(left)
}

// pay spends the cost of a part of the child.
func (s *share) pay(u reasoning.Usage) {
	cost := costOf(u)
	if s.closed { // the engine has sent more than was requested
		s.prompt.account.spend(amount{}, cost)
		return
	}
	if s.parts == 1 {
		cost = cost.minus(s.prompt.pay(cost.minus(s.demand.token.times(float64(u.Generated)))))
		s.readPrompt()
	}
	s.account.spend(amount{}, cost)
}

// payUpTo spends as much of a cost as the share and its prompt have left, and returns what it
// has spent.
func (s *share) payUpTo(cost amount) amount {
	paid := cost.upTo(s.account.left())
	s.account.spend(amount{}, paid)
	return paid.plus(s.prompt.pay(cost.minus(paid)))
}

// readPrompt counts the prompt as read for the child, which has arrived or needs it no more.
func (s *share) readPrompt() {
	if !s.read {
		s.read = true
		s.prompt.readOnce()
	}
}

// close returns the rest of the share, as the child gets no more text.
func (s *share) close() {
	if s.closed {
		return
	}
	s.closed = true
	if s.account != nil {
		s.readPrompt()
		s.account.close()
	}
}

// waits reports whether the child, whose share is granted or refused, waits for another grant:
// of its score, or of what follows it.
func (s *share) waits() bool {
	switch {
	case s.err != nil:
		return false
	case s.score != nil:
		return !s.score.done
	}
	return s.account.dry()
}
