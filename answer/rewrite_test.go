package answer

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// polynomial draws a polynomial as terms, each with its coefficient and variables.
func polynomial(t *rapid.T) []string {
	var terms []string
	for i := range rapid.IntRange(1, 5).Draw(t, "terms") {
		coef := rapid.IntRange(2, 30).Draw(t, "coefficient")
		variables := rapid.SampledFrom([]string{"", "x", "y", "x^2", "xy", `\sqrt{5}`, `\pi`, `x\sqrt{3}`, "a_1", "e^{x}", `\sin(x)`}).Draw(t, "variables")
		terms = append(terms, fmt.Sprintf("%d%s", coef+i, variables))
	}
	return terms
}

// The order of terms does not matter, nor that of the elements of a list; the answers are right for each other.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := polynomial(t)
		shuffled := rapid.Permutation(terms).Draw(t, "order")
		for _, separator := range []string{"+", ", "} {
			a, b := strings.Join(terms, separator), strings.Join(shuffled, separator)
			if !same(a, b) || !Correct(a, b) {
				t.Fatalf("%q and %q have the keys %q and %q", a, b, Key(a), Key(b))
			}
		}
	})
}

// A polynomial that differs in one coefficient is another answer.
func TestOneCoefficientMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := strings.Join(polynomial(t), "+")
		for _, extra := range []string{"+1", "-1", "+x", `+\sqrt{2}`, "+1/1000000"} {
			if b := a + extra; same(a, b) || Correct(b, a) || Correct(a, b) {
				t.Fatalf("%q is %q", b, a)
			}
		}
	})
}

// Answers with equal keys are right for each other.
func TestCorrectRespectsKeys(t *testing.T) {
	forms := []string{"0.5", `\frac12`, "x=0.5", "1/2", "2/4", "50%", "50", "5", "x = 5", "5.0", "(1,2)", "x=1, y=2", "1,2", "2, 1", "x>1", `(1,\infty)`, `\sqrt8`,
		`2\sqrt2`, "C", "(C)", "C. 5", "no solution", `\emptyset`, "(x+1)^2", "x^2+2x+1", "y=2x", "2x", "2x-y=0", "5 cm", "5 N", "1 1/2", "1.5", `\frac{14}{3}\approx 4.67`, `\frac{14}{3}`}
	for _, a := range forms {
		for _, b := range forms {
			if !same(a, b) {
				continue
			}
			if !Correct(a, b) || !Correct(b, a) {
				t.Errorf("%q and %q have equal keys, but are not right for each other", a, b)
			}
		}
	}
}
