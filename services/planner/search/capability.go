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

// A FeedbackGiver is a Strategy that may show the policy its attempts with the verifier's
// feedback as text.
type FeedbackGiver interface {
	Strategy
	GivesFeedback() bool
}

// GivesFeedback reports whether s needs a policy whose prompt template has a place for feedback.
func GivesFeedback(s Strategy) bool {
	f, ok := s.(FeedbackGiver)
	return ok && f.GivesFeedback()
}
