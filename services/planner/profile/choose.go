package profile

import (
	"fmt"

	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A Decision is an arm and the reason for it.
type Decision struct {
	Arm    Arm
	Bin    string // label of the bin that it was chosen for; "" is any
	Reason string
}

// NeedsEstimate reports whether the decision depends on difficulty.
func (p *Profile) NeedsEstimate(l Limits) bool {
	for bin := 1; bin < len(p.Bins); bin++ {
		x, y := p.choose(l, bin-1).Arm, p.choose(l, bin).Arm
		if x.Strategy != y.Strategy || x.N != y.N {
			return true
		}
	}
	return false
}

// Choose returns the arm of the largest measured budget within the limits: for the bin of the
// estimate, or for all problems if e is nil. If that arm exceeds a limit, Choose returns the most
// accurate arm within the limits that generates no more, or the cheapest arm that the models can
// run if there is none.
func (p *Profile) Choose(l Limits, e *difficulty.Estimate) Decision {
	if e == nil {
		return p.choose(l, -1)
	}
	return p.choose(l, p.Scheme.Bin(e.PassRate))
}

// choose is Choose for a bin; for all problems if bin is negative or the budget is not
// adaptive.
func (p *Profile) choose(l Limits, bin int) Decision {
	b := p.budget(l)
	chosen, arms, d := b.Uniform, p.All, Decision{}
	if b.Adaptive && bin >= 0 {
		chosen, arms, d.Bin = b.Rows[bin], p.Bins[bin].Arms, p.Bins[bin].Label
	}
	d.Reason = fmt.Sprintf("%s, budget %d: %s", p.Name, b.N, b.Reason)
	if d.Arm = chosen; l.allow(chosen) {
		return d
	}
	// The budget's arm exceeds a limit: take the most accurate arm that generates no more.
	d.Reason += fmt.Sprintf("; %s %d exceeds a limit: %s", chosen.Strategy, chosen.N, l.exceeded(chosen))
	d.Arm = cheapest(arms)
	for _, a := range arms {
		if l.allow(a) && a.Generated <= chosen.Generated && (a.Expected > d.Arm.Expected || !l.allow(d.Arm)) {
			d.Arm = a
		}
	}
	if exceeded := l.exceeded(d.Arm); exceeded != "" {
		d.Reason += fmt.Sprintf("; the cheapest measured strategy, %s %d, exceeds a limit too: %s", d.Arm.Strategy, d.Arm.N, exceeded)
	}
	return d
}

// budget returns the largest measured budget within the limits on N and Tokens, or the
// smallest one if there is none. choose applies the other limits to the budget's arm.
func (p *Profile) budget(l Limits) Budget {
	best := p.Budgets[0]
	for _, b := range p.Budgets[1:] {
		if (l.N == 0 || b.N <= l.N) && (l.Tokens == 0 || b.Tokens <= float64(l.Tokens)) {
			best = b
		}
	}
	return best
}

// cheapest returns the arm that generates the fewest tokens, of those that the models can run if
// there are any.
func cheapest(arms []Arm) Arm {
	best := arms[0]
	for _, a := range arms[1:] {
		switch {
		case a.lacks == "" && best.lacks != "":
			best = a
			continue
		case a.lacks != "" && best.lacks == "":
			continue
		}
		if a.Generated < best.Generated || a.Generated == best.Generated && a.FLOPs < best.FLOPs {
			best = a
		}
	}
	return best
}
