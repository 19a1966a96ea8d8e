package calibrate

import (
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// Options configures a fit.
type Options struct {
	Budgets     []int  // in whole samples, ascending
	Bins        string // "quantiles-N" (Snell et al. 2024 have N = 5) or "absolute" (Liu et al. 2025)
	Repetitions int    // of the cross-validation, with new halves each time; default 10
	Seed        uint64 // of the random halves
}

// Validate returns a *reasoning.InvalidError for the first rule that o breaks.
func (o Options) Validate() error {
	switch {
	case len(o.Budgets) == 0:
		return reasoning.Invalid("budgets", "must have at least one budget: pass --budgets")
	case !slices.IsSorted(o.Budgets) || len(slices.Compact(slices.Clone(o.Budgets))) != len(o.Budgets) ||
		o.Budgets[0] < 1:
		return reasoning.Invalid("budgets", "must be at least 1, ascending and distinct, are %v", o.Budgets)
	case o.Bins != "absolute" && o.quantiles() == 0:
		return reasoning.Invalid("bins", "%q must be absolute or quantiles-N with N of 2 to 10", o.Bins)
	}
	return nil
}

// quantiles returns the number of quantile bins, 0 if Bins is not quantiles-N.
func (o Options) quantiles() (n int) {
	if k, err := fmt.Sscanf(o.Bins, "quantiles-%d", &n); err != nil || k != 1 || n < 2 || n > 10 {
		return 0
	}
	return n
}

// scheme returns the bins of difficulty for problems with these rates.
func (o Options) scheme(rates []float64) difficulty.Scheme {
	if n := o.quantiles(); n > 0 {
		return difficulty.Quantiles(n, rates)
	}
	return difficulty.Absolute
}
