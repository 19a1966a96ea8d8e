package reasoning

import "errors"

// A Cost is what some work has cost. Waste is a part of Usage; Unknown is not.
type Cost struct {
	Usage   Usage // all that was reported
	Waste   Waste // the part of Usage that was spent on text that is not used
	Unknown Usage // upper bound of what was spent beyond Usage, on work whose cost was never reported
}

// Add returns the sum of c and d.
func (c Cost) Add(d Cost) Cost {
	return Cost{Usage: c.Usage.Add(d.Usage), Waste: c.Waste.Add(d.Waste), Unknown: c.Unknown.Add(d.Unknown)}
}

// ErrImplausible indicates a cost that an engine claims and that its work cannot have.
var ErrImplausible = NewError(KindPrecondition, "COST_IMPLAUSIBLE", "implausible cost")

// Wasted returns the cost of work that was all wasted.
func Wasted(w Waste) Cost { return Cost{Usage: w.Total(), Waste: w} }

// WastedBy returns the cost of work that ended with err, and so was all wasted: cancelled if err is a cancellation or a
// deadline, otherwise failed.
func WastedBy(err error, u Usage) Cost { return Cost{Usage: u}.EndedBy(err) }

// EndedBy returns the cost of work that ended with err: what of c.Usage is not named as waste is wasted as by WastedBy.
func (c Cost) EndedBy(err error) Cost {
	rest := c.Usage.Minus(c.Waste.Total())
	e := Classify(err)
	if e != nil && (e.Kind() == KindCancelled || e.Kind() == KindDeadline) {
		c.Waste.Cancelled = c.Waste.Cancelled.Add(rest)
	} else {
		c.Waste.Failed = c.Waste.Failed.Add(rest)
	}
	return c
}

// Used returns the part of c.Usage that is not wasted.
func (c Cost) Used() Usage { return c.Usage.Minus(c.Waste.Total()) }

// A costly is an error with the cost of what failed.
type costly struct {
	error
	cost Cost
}

func (c *costly) Unwrap() error { return c.error }

// WithCost wraps err in an error with the same text that has the cost of the work that failed, so that the cost crosses
// the wire with it. A cost that err has already is replaced. If err is nil, or c is zero and err has no cost, WithCost
// returns err.
func WithCost(err error, c Cost) error {
	if err == nil || c == (Cost{}) && CostOf(err) == (Cost{}) {
		return err
	}
	return &costly{err, c.EndedBy(err)}
}

// CostOf returns the cost of the work that failed with err, all of it wasted; zero if err has none.
func CostOf(err error) Cost {
	var c *costly
	if errors.As(err, &c) {
		return c.cost
	}
	return Cost{}
}
