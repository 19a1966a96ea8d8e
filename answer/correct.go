package answer

import (
	"math"
	"math/cmplx"
	"strings"
)

// Correct reports whether got is a right answer, given the reference want. It accepts
// answers with equal keys, and is more lenient than Key:
//
//   - it compares expressions by value: \sqrt{8} is 2\sqrt{2}, (x+1)^2 is x^2+2x+1;
//     and equations up to a factor;
//   - a decimal may approximate a number that is not an integer, with a relative
//     error of 1e-4; integers must be equal;
//   - a percent sign on one side may scale: 50% is 50 or 0.5. Without a sign, or with
//     signs on both sides, it does not: 10 is never 1000, 0.25% never 25%;
//   - lists (1, -2), sets and unions have no order, and ± stands for both signs; tuples
//     and intervals must have equal order and brackets;
//   - words have no case; units are dropped as in Key.
//
// An empty answer is not correct. Correct is neither symmetric nor transitive: use it
// for grading only.
func Correct(got, want string) bool {
	if key := Key(got); key == "" || key == Key(want) {
		return key != ""
	}
	if len(got) > MaxLen || len(want) > MaxLen {
		return false
	}
	g := &grader{budget: maxComparisons}
	a, b := normalize(got), normalize(want)
	switch {
	case g.equal(a, b):
		return true
	case percent(got) != percent(want):
		return percent(got) && g.scalar(`\frac{`+a+`}{100}`, b) ||
			percent(want) && g.scalar(a, `\frac{`+b+`}{100}`)
	}
	// If both have a name on one side, as y=2x+1 and y-3=2(x-1), compare with the names.
	a, b = rewrite(got, rewritesKeepName), rewrite(want, rewritesKeepName)
	return strings.Contains(a, "=") && strings.Contains(b, "=") && equivalent(a, b)
}

// percent reports whether s is a percentage.
func percent(s string) bool {
	return strings.Contains(s, "%") || strings.Contains(strings.ToLower(s), "percent")
}

// maxComparisons is the maximum number of comparisons of scalars per call: unordered answers are
// compared pair by pair, and may be nested.
const maxComparisons = 2000

// A grader compares answers within a budget of comparisons.
type grader struct{ budget int }

// equal reports whether two answers in normal form have equal parts.
func (g *grader) equal(got, want string) bool {
	a, b := parts(got), parts(want)
	switch {
	case a.kind != b.kind || a.rows != b.rows || len(a.elems) != len(b.elems):
		return false
	case a.kind == scalar:
		return g.scalar(a.elems[0], b.elems[0])
	case a.kind.ordered():
		for i := range a.elems {
			if !g.equal(normalize(a.elems[i]), normalize(b.elems[i])) {
				return false
			}
		}
		return true
	}
	unmatched := b.elems
	for _, x := range a.elems {
		found := -1
		for i, y := range unmatched {
			if g.equal(normalize(x), normalize(y)) {
				found = i
				break
			}
		}
		if found < 0 {
			return false
		}
		unmatched = append(unmatched[:found:found], unmatched[found+1:]...)
	}
	return true
}

const (
	tight = 1e-9 // for rounding errors of evaluate
	loose = 1e-4 // for a decimal that approximates an exact value
)

// scalar reports whether two answers without parts are equal. It returns false when the
// budget is exhausted.
func (g *grader) scalar(got, want string) bool {
	if g.budget--; g.budget < 0 {
		return false
	}
	got, want = strings.TrimPrefix(got, "+"), strings.TrimPrefix(want, "+")
	if reduce(got) == reduce(want) || words(got) && words(want) && strings.EqualFold(got, want) {
		return true
	}
	rounded := strings.Contains(got, ".") || strings.Contains(want, ".")
	reference, exact := rational(want)
	integer := exact && reference.IsInt()
	if _, ok := rational(got); ok && exact && (integer || !rounded) {
		return false // both are exact numbers, and differ
	}
	tolerance := tight
	if rounded && !integer {
		tolerance = loose
	}
	if strings.Contains(got, "=") || strings.Contains(want, "=") {
		return equivalent(got, want)
	}
	for point := range points {
		x, err := evaluate(got, point)
		if err != nil {
			return false
		}
		y, err := evaluate(want, point)
		if err != nil || !near(x, y, tolerance) {
			return false
		}
	}
	return true
}

// points is the number of points at which expressions are compared.
const points = 3

// near reports whether a and b are equal up to a relative tolerance.
func near(a, b complex128, tolerance float64) bool {
	size := max(cmplx.Abs(a), cmplx.Abs(b))
	if a == 0 || b == 0 { // \sin π is 0 up to rounding
		return size < 1e-12
	}
	return cmplx.Abs(a-b) <= tolerance*size
}

// equivalent reports whether one equation is a multiple of the other.
func equivalent(got, want string) bool {
	var ratio complex128
	for point := range points {
		x, okx := difference(got, point)
		y, oky := difference(want, point)
		if !okx || !oky || x == 0 || y == 0 {
			return false
		}
		if point > 0 && !near(x/y, ratio, tight) {
			return false
		}
		ratio = x / y
	}
	return true
}

// difference returns the left side of an equation minus the right side.
func difference(equation string, point int) (complex128, bool) {
	left, right, ok := strings.Cut(equation, "=")
	if !ok {
		return 0, false
	}
	l, err1 := evaluate(left, point)
	r, err2 := evaluate(right, point)
	return l - r, err1 == nil && err2 == nil && !math.IsNaN(real(l-r))
}

// words reports whether s has letters and spaces only.
func words(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && s[i] != ' ' {
			return false
		}
	}
	return true
}
