package answer

import (
	"math"
	"math/cmplx"
	"strings"
)

// Correct reports whether got is a right answer where want is the reference.
// It is lenient where Same is strict:
//
//   - expressions are compared by value: \sqrt{8} is 2\sqrt{2}, (x+1)^2 is
//     x^2+2x+1; equations up to a factor;
//   - a decimal may stand for a number that is not an integer, to a relative
//     error of 1e-4; an integer must be met exactly;
//   - a percent sign on one side may scale: 50% is 50 or 0.5. Without a sign, and
//     where both have one, nothing does: 10 is never 1000, 0.25% never 25%;
//   - answers with several parts (1, -2), sets and unions have no order, and ±
//     is both signs; tuples and intervals have order and the same brackets;
//   - words have no case; units are dropped as in Key.
//
// No answer is never correct. Correct is neither symmetric nor transitive:
// use it for grading only.
func Correct(got, want string) bool {
	if key := Key(got); key == "" || key == Key(want) {
		return key != ""
	}
	if len(got) > MaxLen || len(want) > MaxLen {
		return false
	}
	g := &grader{left: maxComparisons}
	a, b := normal(got), normal(want)
	switch {
	case g.equal(a, b):
		return true
	case percent(got) != percent(want):
		return percent(got) && g.scalar(`\frac{`+a+`}{100}`, b) || percent(want) && g.scalar(a, `\frac{`+b+`}{100}`)
	}
	// Where both give a name, as y=2x+1 and y-3=2(x-1), the names count.
	a, b = rewrite(got, named), rewrite(want, named)
	return strings.Contains(a, "=") && strings.Contains(b, "=") && sameEquation(a, b)
}

func percent(s string) bool {
	return strings.Contains(s, "%") || strings.Contains(strings.ToLower(s), "percent")
}

// maxComparisons bounds the scalars compared in one call: unordered answers are
// matched each with each, and they nest.
const maxComparisons = 2000

type grader struct{ left int }

// equal compares two answers in normal form.
func (g *grader) equal(got, want string) bool {
	a, b := parts(got), parts(want)
	switch {
	case a.kind != b.kind || a.rows != b.rows || len(a.elems) != len(b.elems):
		return false
	case a.kind == scalar:
		return g.scalar(a.elems[0], b.elems[0])
	case a.kind.ordered():
		for i := range a.elems {
			if !g.equal(normal(a.elems[i]), normal(b.elems[i])) {
				return false
			}
		}
		return true
	}
	left := b.elems
	for _, x := range a.elems {
		found := -1
		for i, y := range left {
			if g.equal(normal(x), normal(y)) {
				found = i
				break
			}
		}
		if found < 0 {
			return false
		}
		left = append(left[:found:found], left[found+1:]...)
	}
	return true
}

const (
	tight = 1e-9 // rounding errors of the evaluator
	loose = 1e-4 // a decimal written for an exact value
)

// scalar compares two answers without parts.
func (g *grader) scalar(got, want string) bool {
	if g.left--; g.left < 0 {
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
		return false // two numbers that are known exactly, and differ
	}
	tolerance := tight
	if rounded && !integer {
		tolerance = loose
	}
	if strings.Contains(got, "=") || strings.Contains(want, "=") {
		return sameEquation(got, want)
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

const points = 3

func near(a, b complex128, tolerance float64) bool {
	size := max(cmplx.Abs(a), cmplx.Abs(b))
	if a == 0 || b == 0 { // \sin π is 0 but for rounding
		return size < 1e-12
	}
	return cmplx.Abs(a-b) <= tolerance*size
}

// sameEquation reports whether one equation is a multiple of the other.
func sameEquation(got, want string) bool {
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

func difference(equation string, point int) (complex128, bool) {
	left, right, ok := strings.Cut(equation, "=")
	if !ok {
		return 0, false
	}
	l, err1 := evaluate(left, point)
	r, err2 := evaluate(right, point)
	return l - r, err1 == nil && err2 == nil && !math.IsNaN(real(l-r))
}

func words(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && s[i] != ' ' {
			return false
		}
	}
	return true
}
