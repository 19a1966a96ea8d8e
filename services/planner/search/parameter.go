package search

import "github.com/ponder-mesh/ponder/reasoning"

// between returns a *reasoning.InvalidError unless lo ≤ n ≤ hi.
func between[N int | float64](field string, n, lo, hi N) error {
	if !(n >= lo && n <= hi) { // also NaN
		return reasoning.Invalid(field, "must be %v to %v, is %v", lo, hi, n)
	}
	return nil
}

// divides returns a *reasoning.InvalidError unless d divides n.
func divides(field string, d, n int) error {
	if d < 1 || d > n || n%d != 0 {
		return reasoning.Invalid(field, "must divide n = %d, is %d: use %d", n, d, divisor(n, max(d, 1)))
	}
	return nil
}

// divisor returns the largest divisor of n that is at most most, and at least 1.
func divisor(n, most int) int {
	for d := min(n, most); d > 1; d-- {
		if n%d == 0 {
			return d
		}
	}
	return 1
}
