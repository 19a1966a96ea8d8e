package search

// An EarlyStopper is a Strategy that may stop before it has used all its samples.
type EarlyStopper interface {
	Strategy
	// StopsInFlight reports whether samples may be in flight when it stops, so that its cost
	// depends on timing.
	StopsInFlight() bool
	// WithoutStopping returns the strategy that uses all its samples.
	WithoutStopping() Strategy
}

// Exhaustive returns s without early stopping, which suits only the choice majority.
func Exhaustive(s Strategy) Strategy {
	if e, ok := s.(EarlyStopper); ok {
		return e.WithoutStopping()
	}
	return s
}

// FixedCost returns s with a cost that does not depend on timing: Exhaustive(s) if s may stop
// while samples are in flight.
func FixedCost(s Strategy) Strategy {
	if e, ok := s.(EarlyStopper); ok && e.StopsInFlight() {
		return e.WithoutStopping()
	}
	return s
}

// Needs are what a strategy needs of a policy besides whole samples.
type Needs struct {
	Steps    bool // single steps, and continuations of them
	LogProbs bool // log-probabilities of steps
	Attempts bool // that the policy is shown earlier attempts
	Feedback bool // that the prompt has a place for feedback on attempts
}

// A Needer is a Strategy that needs more than whole samples.
type Needer interface {
	Strategy
	Needs() Needs
}

// NeedsOf returns what s needs of a policy.
func NeedsOf(s Strategy) Needs {
	if n, ok := s.(Needer); ok {
		return n.Needs()
	}
	return Needs{}
}
