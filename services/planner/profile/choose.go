package profile

import (
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A Want is how much a search may cost. N is what it should come to on the average
// over problems; the others bound each one, where they are not 0.
type Want struct {
	N        int     // whole samples' worth of text; 0: as much as the bounds allow
	Tokens   int64   // generated
	Verifier int64   // tokens that the verifier reads
	FLOPs    float64 // of both
	Time     time.Duration
}

// A Choice is what to do, and why.
type Choice struct {
	Arm Arm
	Bin string // the difficulty that it was chosen for; "" is all
	Why string
}

// Asks says whether the choice depends on difficulty, so that it is worth estimating.
func (p *Profile) Asks(w Want) bool {
	for bin := 1; bin < len(p.Bins); bin++ {
		if !p.same(w, bin-1, bin) {
			return true
		}
	}
	return false
}

// same says whether two bins get the same strategy.
func (p *Profile) same(w Want, a, b int) bool {
	x, y := p.choose(w, a).Arm, p.choose(w, b).Arm
	return x.Strategy == y.Strategy && x.N == y.N
}

// Ask makes a request one for the estimate by which the profile's problems were binned.
func (p *Profile) Ask(r *difficulty.Request) (err error) {
	r.MaxSamples, r.Scheme = p.Estimator.Samples, p.Scheme
	r.Method, err = difficulty.ParseMethod(p.Estimator.Method)
	return err
}

// Choose is the best that was measured within what is wanted. Without an estimate it
// is the best for all problems alike.
func (p *Profile) Choose(w Want, e *difficulty.Estimate) Choice {
	if e == nil {
		return p.choose(w, -1)
	}
	return p.choose(w, p.Scheme.Bin(e.PassRate))
}

// choose for the problems of a bin; of all where that is negative, or where knowing
// the difficulty did not pay.
func (p *Profile) choose(w Want, bin int) Choice {
	b := p.budget(w)
	row, arms, c := b.Uniform, p.All, Choice{}
	if b.Adaptive && bin >= 0 {
		row, arms, c.Bin = b.Rows[bin], p.Bins[bin].Arms, p.Bins[bin].Label
	}
	c.Why = fmt.Sprintf("%s, budget %d: %s", p.Name, b.N, b.Why)
	if c.Arm = row; w.allows(row) {
		return c
	}
	// The row costs more than this search may: of what costs less, the most accurate.
	c.Why += fmt.Sprintf("; %s %d costs too much here", row.Strategy, row.N)
	c.Arm = cheapest(arms)
	for _, a := range arms {
		if w.allows(a) && a.Generated <= row.Generated && (a.Expected > c.Arm.Expected || !w.allows(c.Arm)) {
			c.Arm = a
		}
	}
	return c
}

// budget is the largest that was measured and is not more than wanted, or the
// smallest there is.
func (p *Profile) budget(w Want) Budget {
	best := p.Budgets[0]
	for _, b := range p.Budgets[1:] {
		if (w.N == 0 || b.N <= w.N) && (w.Tokens == 0 || b.Tokens <= float64(w.Tokens)) {
			best = b
		}
	}
	return best
}

// allows says whether an arm keeps to the bounds, on the average of its problems. An
// arm whose time nobody measured may take any.
func (w Want) allows(a Arm) bool {
	return (w.Tokens == 0 || a.Generated <= float64(w.Tokens)) && (w.Verifier == 0 || a.Verifier <= float64(w.Verifier)) &&
		(w.FLOPs == 0 || a.FLOPs <= w.FLOPs) && (w.Time == 0 || a.Seconds <= w.Time.Seconds())
}

func cheapest(arms []Arm) Arm {
	best := arms[0]
	for _, a := range arms[1:] {
		if a.Generated < best.Generated || a.Generated == best.Generated && a.FLOPs < best.FLOPs {
			best = a
		}
	}
	return best
}
