package problems

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
)

// Right reports, for each line of an attempt, whether the attempt is still a
// beginning of the solution there: the labels of process reward models.
func (p Problem) Right(attempt []string) []bool {
	want := p.Lines()
	right := make([]bool, len(attempt))
	for i, line := range attempt {
		if i >= len(want) || line != want[i] {
			break
		}
		right[i] = true
	}
	return right
}

var calculation = regexp.MustCompile(`^(\d+)([-+*/])(\d+)=(\d+)$`)

// Corrupt returns the solution with one wrong line: a slip in a result, a number
// or an operation taken from elsewhere and then calculated correctly, a step left
// out, or an answer too early. In half of the cases the rest of the solution
// follows.
func Corrupt(r *rand.Rand, p Problem) []string {
	want := p.Lines()
	at := r.IntN(len(want))
	line := want[at]
	for line == want[at] {
		line = wrong(r, p, want, at)
	}
	attempt := append(append([]string(nil), want[:at]...), line)
	if r.IntN(2) == 0 && line[0] != 'A' {
		attempt = append(attempt, want[at+1:]...)
	}
	return attempt
}

func wrong(r *rand.Rand, p Problem, want []string, at int) string {
	said := regexp.MustCompile(`\d+`).FindAllString(p.Text, -1)
	for _, l := range want[:at] {
		said = append(said, calculation.FindStringSubmatch(l)[4])
	}
	any := func() string { return said[r.IntN(len(said))] }
	m := calculation.FindStringSubmatch(want[at])
	if m == nil { // the answer
		if r.IntN(5) < 2 {
			return "A:" + any()
		}
		return "A:" + slip(r, p.Answer)
	}
	a, op, b, v := m[1], m[2], m[3], m[4]
	switch n := r.IntN(100); {
	case n < 60:
		return a + op + b + "=" + slip(r, v)
	case n < 72:
		a = any()
	case n < 84:
		b = any()
	case n < 92:
		op = string("+-*/"[r.IntN(4)])
	case n < 95:
		return "A:" + v
	default:
		return want[at+1]
	}
	if line := calculate(a, op, b); line != "" {
		return line
	}
	return want[at] // impossible: the caller draws again
}

// calculate writes a calculation down; it is empty where there is no result in whole numbers, or too big a one.
func calculate(a, op, b string) string {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	switch {
	case op == "+":
		return fmt.Sprintf("%d+%d=%d", x, y, x+y)
	case op == "-" && x >= y:
		return fmt.Sprintf("%d-%d=%d", x, y, x-y)
	case op == "*" && x*y < 10000:
		return fmt.Sprintf("%d*%d=%d", x, y, x*y)
	case op == "/" && y > 0 && x%y == 0:
		return fmt.Sprintf("%d/%d=%d", x, y, x/y)
	}
	return ""
}

// CarryOn returns an attempt up to its first wrong line and, after that, what is
// written by one who did not notice: the rest of the solution with the wrong result in
// the place of the right one, as far as that can be calculated, and the answer. An
// attempt that has no wrong line before its answer ends there.
func CarryOn(p Problem, attempt []string) []string {
	at := slices.Index(p.Right(attempt), false)
	if at < 0 {
		return attempt
	}
	attempt = slices.Clone(attempt[:at+1])
	m := calculation.FindStringSubmatch(attempt[at])
	if at >= len(p.Steps) || m == nil {
		return attempt
	}
	result := m[4]
	wrong := map[string]string{} // by the right result that it stands for
	carried := func(number string) string { return cmp.Or(wrong[number], number) }
	for i, step := range p.Steps[at:] {
		right := calculation.FindStringSubmatch(step)
		if i > 0 {
			line := calculate(carried(right[1]), right[2], carried(right[3]))
			if line == "" {
				break
			}
			attempt, result = append(attempt, line), calculation.FindStringSubmatch(line)[4]
		}
		wrong[right[4]] = result
	}
	return append(attempt, "A:"+result)
}

// slip changes a number as calculators by hand do: a little, by tens, in one digit, or two digits swapped.
func slip(r *rand.Rand, number string) string {
	v, _ := strconv.Atoi(number)
	digits := []byte(number)
	switch n := r.IntN(100); {
	case n < 35:
		return strconv.Itoa(max(0, v+[]int{-2, -1, 1, 2}[r.IntN(4)]))
	case n < 60:
		return strconv.Itoa(max(0, v+[]int{-100, -20, -10, 10, 20, 100}[r.IntN(6)]))
	case n < 92 || len(digits) < 2:
		digits[r.IntN(len(digits))] = byte('0' + r.IntN(10))
	default:
		i := r.IntN(len(digits) - 1)
		digits[i], digits[i+1] = digits[i+1], digits[i]
	}
	v, _ = strconv.Atoi(string(digits))
	return strconv.Itoa(v)
}
