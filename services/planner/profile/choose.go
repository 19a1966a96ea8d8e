package profile

import (
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A Want bounds what a search may cost. N is the mean over problems; the others bound
// each problem, where they are not 0.
type Want struct {
	N        int     // whole samples' worth of text; 0 is as much as the bounds allow
	Tokens   int64   // generated
	Verifier int64   // tokens that the verifier reads
	FLOPs    float64 // of both
	Time     time.Duration
}

// A Decision is an arm and the reason for it.
type Decision struct {
	Arm Arm
	Bin string // the difficulty that it was made for; "" is any
	Why string
}

// NeedsEstimate reports whether the decision depends on difficulty, so that difficulty
// is worth estimating.
func (p *Profile) NeedsEstimate(w Want) bool {
	for bin := 1; bin < len(p.Bins); bin++ {
		x, y := p.choose(w, bin-1).Arm, p.choose(w, bin).Arm
		if x.Strategy != y.Strategy || x.N != y.N {
			return true
		}
	}
	return false
}

// SetEstimator makes r ask for the estimate by which the profile's problems were binned.
func (p *Profile) SetEstimator(r *difficulty.Request) (err error) {
	r.MaxSamples, r.Scheme = p.Estimator.Samples, p.Scheme
	r.Method, err = difficulty.ParseMethod(p.Estimator.Method)
	return err
}

// Choose returns the best arm that was measured within the bounds: for the bin of the
// estimate, or without one for all problems alike.
func (p *Profile) Choose(w Want, e *difficulty.Estimate) Decision {
	if e == nil {
		return p.choose(w, -1)
	}
	return p.choose(w, p.Scheme.Bin(e.PassRate))
}

// choose decides for the problems of a bin; for all if bin is negative, or if knowing
// the difficulty did not pay.
func (p *Profile) choose(w Want, bin int) Decision {
	b := p.budget(w)
	row, arms, d := b.Uniform, p.All, Decision{}
	if b.Adaptive && bin >= 0 {
		row, arms, d.Bin = b.Rows[bin], p.Bins[bin].Arms, p.Bins[bin].Label
	}
	d.Why = fmt.Sprintf("%s, budget %d: %s", p.Name, b.N, b.Why)
	if d.Arm = row; w.allows(row) {
		return d
	}
	// The row costs more than this search may: take the most accurate arm that costs less.
	d.Why += fmt.Sprintf("; %s %d costs too much here", row.Strategy, row.N)
	d.Arm = cheapest(arms)
	for _, a := range arms {
		if w.allows(a) && a.Generated <= row.Generated && (a.Expected > d.Arm.Expected || !w.allows(d.Arm)) {
			d.Arm = a
		}
	}
	return d
}

// budget returns the largest measured budget that is within the bounds, or the smallest
// measured one.
func (p *Profile) budget(w Want) Budget {
	best := p.Budgets[0]
	for _, b := range p.Budgets[1:] {
		if (w.N == 0 || b.N <= w.N) && (w.Tokens == 0 || b.Tokens <= float64(w.Tokens)) {
			best = b
		}
	}
	return best
}

// allows reports whether an arm's mean costs are within the bounds. Time that was not
// measured is.
func (w Want) allows(a Arm) bool {
	return (w.Tokens == 0 || a.Generated <= float64(w.Tokens)) && (w.Verifier == 0 || a.Verifier <= float64(w.Verifier)) &&
		(w.FLOPs == 0 || a.FLOPs <= w.FLOPs) && (w.Time == 0 || a.Seconds <= w.Time.Seconds())
}

// cheapest returns the arm that generates fewest tokens.
func cheapest(arms []Arm) Arm {
	best := arms[0]
	for _, a := range arms[1:] {
		if a.Generated < best.Generated || a.Generated == best.Generated && a.FLOPs < best.FLOPs {
			best = a
		}
	}
	return best
}
