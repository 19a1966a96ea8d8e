package backend

// A prompt is what is reserved for reading the prefix of children that are granted together.
// It is guarded by ledger.mu.
type prompt struct {
	account *account
	left    amount // the first child to arrive is charged with it
	unread  int    // number of children that have not arrived
}

// newPrompt reserves the cost of a prompt.
func (a *account) newPrompt(cost amount) *prompt {
	a.hold(cost)
	return &prompt{account: a, left: cost}
}

// pay spends as much of a cost as is left, and returns what it has spent.
func (p *prompt) pay(cost amount) amount {
	paid := cost.upTo(p.left)
	p.left = p.left.minus(paid)
	p.account.spend(paid, paid)
	return paid
}

// readOnce counts a child that has arrived. The last returns what is left.
func (p *prompt) readOnce() {
	if p.unread--; p.unread == 0 {
		p.account.drop(p.left)
		p.left = amount{}
	}
}
