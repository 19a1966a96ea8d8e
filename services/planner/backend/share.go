package backend

import "github.com/ponder-mesh/ponder/reasoning"

// A share is the most that one child of a reservation may cost. It is guarded by Metered.mu.
type share struct {
	batch   *batch
	account *account    // nil before the batch is granted
	parts   int         // requests made for the child
	score   *scoreGrant // nil before a score is requested
	written bool
	done    bool
}

// tokens returns how many tokens the next part of the child may generate if reading its
// prefix costs prompt. The batch's pot pays for reading the prefix of a first part.
func (s *share) tokens(prompt amount) int {
	if s.written {
		return 0
	}
	left := s.account.left()
	if s.parts > 0 {
		left = left.minus(prompt)
	}
	return int(s.batch.affordable(left))
}

// pay spends the cost of a part of the child.
func (s *share) pay(u reasoning.Usage) {
	cost := costOf(u)
	if s.written { // the engine has sent more than was requested
		s.batch.account.spend(amount{}, cost)
		return
	}
	if s.parts == 1 {
		prompt := cost.minus(s.batch.token.times(float64(u.Generated))).upTo(s.batch.pot)
		s.batch.pot = s.batch.pot.minus(prompt)
		s.batch.account.spend(prompt, prompt)
		cost = cost.minus(prompt)
	}
	s.account.spend(amount{}, cost)
}

// payUpTo spends as much of a cost as the share and the batch's pot have left, and returns
// what it has spent.
func (s *share) payUpTo(cost amount) amount {
	paid := cost.upTo(s.account.left())
	s.account.spend(amount{}, paid)
	prompt := cost.minus(paid).upTo(s.batch.pot)
	s.batch.pot = s.batch.pot.minus(prompt)
	s.batch.account.spend(prompt, prompt)
	return paid.plus(prompt)
}

// close returns the rest of the share, as the child gets no more text. With the last child
// of the batch it also returns the rest of the batch's pot.
func (s *share) close() {
	if s.written {
		return
	}
	s.written = true
	if s.account != nil {
		s.account.close()
	}
	if s.batch.unwritten--; s.batch.unwritten == 0 && s.batch.granted {
		s.batch.account.drop(s.batch.pot)
		s.batch.pot = amount{}
	}
}
