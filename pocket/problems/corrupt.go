package problems

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
)

// Right labels each line of an attempt: whether the attempt, up to and including the
// line, is a beginning of the solution. These are the labels of process reward models.
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

// Corrupt returns the solution with one wrong line: a wrong result, another number or
// operation that is then calculated correctly, an omitted step, or an early answer. The
// rest of the solution follows in half of the cases, and never after an answer.
func Corrupt(r *rand.Rand, p Problem) []string {
	want := p.Lines()
	at := r.IntN(len(want))
	line := want[at]
	for line == want[at] {
		line = wrongLine(r, p, want, at)
	}
	attempt := append(append([]string(nil), want[:at]...), line)
	if r.IntN(2) == 0 && line[0] != 'A' {
		attempt = append(attempt, want[at+1:]...)
	}
	return attempt
}

// wrongLine draws a replacement of line at of the solution want. The result may equal
// the line.
func wrongLine(r *rand.Rand, p Problem, want []string, at int) string {
	numbers := regexp.MustCompile(`\d+`).FindAllString(p.Text, -1)
	for _, l := range want[:at] {
		numbers = append(numbers, calculation.FindStringSubmatch(l)[4])
	}
	draw := func() string { return numbers[r.IntN(len(numbers))] }
	m := calculation.FindStringSubmatch(want[at])
	if m == nil { // the answer
		if r.IntN(5) < 2 {
			return "A:" + draw()
		}
		return "A:" + slip(r, p.Answer)
	}
	a, op, b, v := m[1], m[2], m[3], m[4]
	switch n := r.IntN(100); {
	case n < 60:
		return a + op + b + "=" + slip(r, v)
	case n < 72:
		a = draw()
	case n < 84:
		b = draw()
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
	return want[at] // not a valid calculation: Corrupt draws again
}

// calculate returns a calculation with its result, or "" if the result is negative or
// fractional, or a product of 10,000 or more.
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

// PropagateError returns an attempt up to its first wrong line and a consistent rest:
// the remaining lines of the solution, calculated with the wrong result instead of the
// right one as far as that is possible, and the answer. An attempt whose first wrong
// line is its answer, or is no calculation, ends with that line. An attempt without a wrong
// line stays as it is.
func PropagateError(p Problem, attempt []string) []string {
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
	wrong := map[string]string{} // wrong results by the right ones that they replace
	replaced := func(number string) string { return cmp.Or(wrong[number], number) }
	for i, step := range p.Steps[at:] {
		right := calculation.FindStringSubmatch(step)
		if i > 0 {
			line := calculate(replaced(right[1]), right[2], replaced(right[3]))
			if line == "" {
				break
			}
			attempt, result = append(attempt, line), calculation.FindStringSubmatch(line)[4]
		}
		wrong[right[4]] = result
	}
	return append(attempt, "A:"+result)
}

// slip changes a number by a typical error of manual calculation: by a little, by tens,
// in one digit, or by swapping two digits.
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
