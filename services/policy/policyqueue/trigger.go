package policyqueue

// A trigger is a channel that wakes one goroutine. Several signals before the goroutine
// receives are one.
type trigger chan struct{}

func newTrigger() trigger { return make(trigger, 1) }

// signal wakes the goroutine that receives from t. It does not block.
func (t trigger) signal() {
	select {
	case t <- struct{}{}:
	default:
	}
}
