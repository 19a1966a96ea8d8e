package answers

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Pair is an answer and a reference.
type Pair struct{ Kind, Got, Want string }

// A construction returns the notations of one answer, the first of which is the reference, and answers that differ
// from it in truth.
type construction func(r *rand.Rand) (right, wrong []string)

// Constructed returns pairs of answers and references by construction, n rounds of each kind: right ones, and wrong
// ones. Equal arguments give equal pairs.
func Constructed(n int) (right, wrong []Pair) {
	for i, c := range constructions {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		for range n {
			good, bad := c.of(r)
			want := good[0]
			for _, g := range good[1:] {
				right = append(right, Pair{c.kind, g, want})
			}
			for _, b := range bad {
				wrong = append(wrong, Pair{c.kind, b, want})
			}
		}
	}
	return right, wrong
}

// between returns a number from low to high.
func between(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }

func oneOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

func forms(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

// grouped returns n with separators of thousands.
func grouped(n int, separator string) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + separator + s[i:]
	}
	return s
}

// squarefree returns a number above 1 without a square factor.
func squarefree(r *rand.Rand) int {
	return oneOf(r, 2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 22, 23, 26, 29)
}

// signed returns b with a sign before it, for the end of a sum.
func signed(n int) string {
	if n < 0 {
		return strconv.Itoa(n)
	}
	return "+" + strconv.Itoa(n)
}

var constructions = []struct {
	kind string
	of   construction
}{
	{"integers", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 12, 99_999)
		right = []string{forms("%d", n), forms("$%d$", n), forms("%d.0", n), forms("x = %d", n), forms("**%d**", n), forms("%s", grouped(n, ",")), forms(`\boxed{%d}`, n)}
		for _, m := range []int{n + 1, n - 1, -n, 10 * n, 2 * n, n + 10, n * n} {
			wrong = append(wrong, forms("%d", m))
		}
		return right, append(wrong, forms("%d.5", n), forms(`\frac{1}{%d}`, n), forms("%d.01", n), forms(`%d\pi`, n), forms("%d!", n))
	}},
	{"powers", func(r *rand.Rand) (right, wrong []string) {
		a, k := between(r, 2, 9), between(r, 20, 90)
		p := new(big.Int).Exp(big.NewInt(int64(a)), big.NewInt(int64(k)), nil)
		plus := func(n int64) string { return new(big.Int).Add(p, big.NewInt(n)).String() }
		right = []string{forms("%d^{%d}", a, k), p.String(), forms("%d^%d", a, k), forms(`%d\cdot %d^{%d}`, a, a, k-1), forms(`\frac{%d^{%d}}{%d}`, a, k+1, a)}
		return right, []string{plus(1), plus(-1), forms("%d^{%d}-1", a, k), forms("%d^{%d}+1", a, k), forms("%d^{%d}", a, k+1), forms("%d^{%d}", a+1, k), plus(100), "0"}
	}},
	{"factorials and binomials", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 12, 60)
		k := between(r, 2, 10)
		f := new(big.Int).MulRange(1, int64(n))
		b := new(big.Int).Binomial(int64(n), int64(k))
		if r.IntN(2) == 0 {
			return []string{forms("%d!", n), f.String(), forms(`%d\cdot %d!`, n, n-1), forms(`\frac{%d!}{%d}`, n+1, n+1)},
				[]string{forms("%d!+1", n), forms("%d!-1", n), new(big.Int).Add(f, big.NewInt(1)).String(), forms("%d!", n-1), forms("%d!", n+1)}
		}
		return []string{forms(`\binom{%d}{%d}`, n, k), b.String(), forms(`{%d \choose %d}`, n, k), forms(`\binom{%d}{%d}`, n, n-k)},
			[]string{new(big.Int).Add(b, big.NewInt(1)).String(), forms(`\binom{%d}{%d}`, n+1, k), forms(`\binom{%d}{%d}-1`, n, k), forms(`\frac{%d}{%d}`, n, k)}
	}},
	{"small probabilities", func(r *rand.Rand) (right, wrong []string) {
		a, k := between(r, 2, 6), between(r, 40, 120)
		return []string{forms(`1-\frac{1}{%d^{%d}}`, a, k), forms(`\frac{%d^{%d}-1}{%d^{%d}}`, a, k, a, k)},
			[]string{"1", "0", forms(`1-\frac{1}{%d^{%d}}`, a, k+1), forms(`\frac{1}{%d^{%d}}`, a, k)}
	}},
	{"fractions", func(r *rand.Rand) (right, wrong []string) {
		p, q := between(r, 2, 60), between(r, 2, 60)
		for gcd(p, q) != 1 || p == 1 || q == 1 {
			p, q = between(r, 2, 60), between(r, 2, 60)
		}
		right = []string{forms(`\frac{%d}{%d}`, p, q), forms("%d/%d", p, q), forms(`\dfrac{%d}{%d}`, 2*p, 2*q), forms(`\frac{-%d}{-%d}`, p, q), forms(`$\tfrac{%d}{%d}$`, p, q),
			forms(`{%d \over %d}`, p, q), forms(`\frac{%d}{%d} = \frac{%d}{%d}`, 3*p, 3*q, p, q)}
		if p > q {
			right = append(right, forms(`%d\frac{%d}{%d}`, p/q, p%q, q), forms("%d %d/%d", p/q, p%q, q))
		}
		return right, []string{forms(`\frac{%d}{%d}`, q, p), forms(`\frac{%d}{%d}`, p+1, q), forms(`\frac{%d}{%d}`, p, q+1), forms(`-\frac{%d}{%d}`, p, q), strconv.Itoa(p),
			strconv.Itoa(q), forms("%d, %d", p, q), forms(`%d\frac{%d}{%d}`, 1, p, q), forms("(%d,%d)", p, q)}
	}},
	{"decimals", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 1001, 99_999)
		for n%10 == 0 {
			n++
		}
		d := forms("%d.%02d", n/100, n%100)
		return []string{d, d + "0", forms(`\frac{%d}{100}`, n), forms("$%s$", d), forms("%.2f", float64(n)/100)},
			[]string{forms("%d.%02d", (n+1)/100, (n+1)%100), forms("%d.%02d", (n-1)/100, (n-1)%100), strconv.Itoa(n), forms("%d", n/100), forms("-%s", d), forms("%d.%d", n/10, n%10),
				forms("%d", n/100+1)}
	}},
	{"money", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 1_000_00, 99_999_99)
		d := forms("%d.%02d", n/100, n%100)
		return []string{d, "$" + d, `\$` + d, forms("$%s.%02d", grouped(n/100, ","), n%100), d + " dollars", "€" + d, forms("%s,%02d €", grouped(n/100, "."), n%100), "USD " + d},
			[]string{forms("$%d.%02d", (n+5)/100, (n+5)%100), forms("$%d.%02d", (n+100)/100, n%100), forms("$%d.%02d", (n-1)/100, (n-1)%100), forms("%d", n/100+1)}
	}},
	{"roots", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 15), squarefree(r)
		return []string{forms(`%d\sqrt{%d}`, a, b), forms(`\sqrt{%d}`, a*a*b), forms(`%d \cdot \sqrt{%d}`, a, b), forms(`\sqrt{%d}\cdot %d`, b, a), forms("%d√%d", a, b),
				forms(`\frac{%d}{\sqrt{%d}}`, a*b, b), forms("%dsqrt(%d)", a, b), forms(`x = %d\sqrt{%d} \approx %.2f`, a, b, approximate(a, b))},
			[]string{forms(`%d\sqrt{%d}`, a+1, b), forms(`%d\sqrt{%d}`, a, b+1), forms(`\sqrt{%d}`, a*b), strconv.Itoa(a), strconv.Itoa(b), forms(`-%d\sqrt{%d}`, a, b), forms(`\sqrt{%d}`, b),
				forms("%d", a*b), forms(`%d\sqrt[3]{%d}`, a, b), forms("%.1f", 1.01*approximate(a, b))}
	}},
	{"sums with a root", func(r *rand.Rand) (right, wrong []string) {
		a, b, c := between(r, 1, 20), between(r, 2, 9), squarefree(r)
		return []string{forms(`%d+%d\sqrt{%d}`, a, b, c), forms(`%d\sqrt{%d} + %d`, b, c, a), forms(`%d+\sqrt{%d}`, a, b*b*c), forms(`\frac{%d+%d\sqrt{%d}}{2}`, 2*a, 2*b, c)},
			[]string{forms(`%d-%d\sqrt{%d}`, a, b, c), forms(`%d+%d\sqrt{%d}`, a+1, b, c), forms(`%d+%d\sqrt{%d}`, a, b+1, c), forms(`%d\pm %d\sqrt{%d}`, a, b, c), forms(`%d\sqrt{%d}`, a+b, c)}
	}},
	{"two solutions", func(r *rand.Rand) (right, wrong []string) {
		a, b, c := between(r, 1, 20), between(r, 2, 9), squarefree(r)
		return []string{forms(`%d \pm %d\sqrt{%d}`, a, b, c), forms(`%d+%d\sqrt{%d}, %d-%d\sqrt{%d}`, a, b, c, a, b, c), forms(`x = %d - %d\sqrt{%d} \text{ or } x = %d + %d\sqrt{%d}`, a, b, c, a, b, c),
				forms(`\{%d-%d\sqrt{%d}, %d+%d\sqrt{%d}\}`, a, b, c, a, b, c)},
			[]string{forms(`%d+%d\sqrt{%d}`, a, b, c), forms(`%d-%d\sqrt{%d}`, a, b, c), forms(`%d \pm %d\sqrt{%d}`, a+1, b, c), forms(`-%d \pm %d\sqrt{%d}`, a, b, c)}
	}},
	{"multiples of pi", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 40), between(r, 2, 12)
		for gcd(a, b) != 1 {
			a, b = between(r, 2, 40), between(r, 2, 12)
		}
		return []string{forms(`\frac{%d\pi}{%d}`, a, b), forms(`\frac{%d}{%d}\pi`, a, b), forms("%dπ/%d", a, b), forms("%dpi/%d", a, b), forms(`\frac{%d\pi}{%d}\text{ cm}^2`, a, b),
				forms(`\text{Area} = \frac{%d\pi}{%d}`, a, b)},
			[]string{forms(`\frac{%d}{%d}`, a, b), forms(`\frac{%d\pi}{%d}`, a+1, b), forms(`\frac{%d\pi}{%d}`, b, a), forms(`\frac{%d\pi^2}{%d}`, a, b), forms(`-\frac{%d\pi}{%d}`, a, b),
				forms("%.2f", 3.15*float64(a)/float64(b)), forms(`\pi`)}
	}},
	{"complex numbers", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 1, 30), between(r, 2, 30)
		for a == b {
			b++
		}
		return []string{forms("%d+%di", a, b), forms("%di + %d", b, a), forms("%d + i\\cdot %d", a, b), forms(`z = %d+%di`, a, b), forms(`i(%d-%di)`, b, a)},
			[]string{forms("%d-%di", a, b), forms("%d+%di", b, a), forms("-%d+%di", a, b), forms("%d+%d", a, b), forms("(%d,%d)", a, b), forms("%d+%di", a, b+1), forms("%di", a+b)}
	}},
	{"polynomials", func(r *rand.Rand) (right, wrong []string) {
		a, b, c := between(r, 2, 9), between(r, 2, 12), between(r, 1, 20)
		if r.IntN(2) == 0 {
			b = -b
		}
		v := oneOf(r, "x", "t", "n", "y")
		p := func(a, b, c int) string { return forms("%d%s^2%s%s%s", a, v, signed(b), v, signed(c)) }
		return []string{p(a, b, c), forms("%d%s%s%d%s^2", c, signed(b), v+"+", a, v), forms("%d%s^2%s%s+%d", a, v, signed(b), v, c), forms("%s(%d%s%s)%s", v, a, v, signed(b), signed(c))},
			[]string{p(a+1, b, c), p(a, b+1, c), p(a, b, c+1), p(a, -b, c), p(a, b, -c), p(a, c, b), forms("%d%s%s", a+b, v, signed(c)), forms("%d%s^3%s%s%s", a, v, signed(b), v, signed(c))}
	}},
	{"factored", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 1, 12), between(r, 2, 12)
		for a == b {
			b++
		}
		return []string{forms("(x+%d)(x-%d)", a, b), forms("(x-%d)(x+%d)", b, a), forms("x^2%sx-%d", signed0(a-b), a*b), forms("(%d-x)(-x-%d)", b, a)},
			[]string{forms("(x-%d)(x+%d)", a, b), forms("(x+%d)(x+%d)", a, b), forms("(x+%d)(x-%d)", a+1, b), forms("-(x+%d)(x-%d)", a, b), forms("x^2-%d", a*b)}
	}},
	{"several variables", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 9), between(r, 2, 9)
		for a == b {
			b++
		}
		u := oneOf(r, [3]string{"x", "y", "z"}, [3]string{"a", "b", "c"}, [3]string{"p", "q", "r"}, [3]string{"x_1", "x_2", "x_3"})
		return []string{forms("%d%s%s+%d%s", a, u[0], u[1], b, u[2]), forms("%d%s+%d%s%s", b, u[2], a, u[1], u[0])},
			[]string{forms("%d%s%s+%d%s", b, u[0], u[1], a, u[2]), forms("%d%s%s-%d%s", a, u[0], u[1], b, u[2]), forms("%d%s%s+%d%s", a, u[0], u[2], b, u[1]), forms("%d%s%s", a, u[0], u[1]), forms("%d%s+%d%s", a, u[0], b, u[2])}
	}},
	{"absolute values", func(r *rand.Rand) (right, wrong []string) {
		a := between(r, 1, 30)
		return []string{forms("|x-%d|", a), forms(`\left|%d-x\right|`, a), forms(`\sqrt{(x-%d)^2}`, a), forms(`\lvert x-%d \rvert`, a)},
			[]string{forms("x-%d", a), forms("%d-x", a), forms("|x+%d|", a), forms("|x|-%d", a), forms("|x-%d|", a+1), forms("(x-%d)^2", a)}
	}},
	{"points", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, -20, 20), between(r, 21, 60)
		return []string{forms("(%d,%d)", a, b), forms(`\left( %d, %d \right)`, a, b), forms("(x,y) = (%d, %d)", a, b), forms("x=%d, y=%d", a, b), forms(`x = %d \text{ and } y = %d`, a, b), forms("(%d.0, %d)", a, b)},
			[]string{forms("(%d,%d)", b, a), forms("(%d,%d)", a+1, b), forms("(%d,%d)", a, b+1), forms("[%d,%d]", a, b), strconv.Itoa(a), strconv.Itoa(b), forms("(%d,%d,0)", a, b), forms("%d%d", b, b),
				forms("x=%d, y=%d", b, a)}
	}},
	{"intervals", func(r *rand.Rand) (right, wrong []string) {
		a := between(r, -30, 20)
		b := a + between(r, 1, 40)
		return []string{forms("[%d,%d)", a, b), forms(`%d \le x < %d`, a, b), forms(`x \in \left[%d, %d\right)`, a, b), forms("%d > x >= %d", b, a), forms(`\{x \mid %d \leq x < %d\}`, a, b),
				forms(`x \ge %d \text{ and } x < %d`, a, b)},
			[]string{forms("(%d,%d)", a, b), forms("[%d,%d]", a, b), forms("(%d,%d]", a, b), forms("[%d,%d)", a+1, b), forms("[%d,%d)", a, b+1), forms(`%d < x \le %d`, a, b), forms(`x \ge %d`, a), forms("x < %d", b)}
	}},
	{"rays", func(r *rand.Rand) (right, wrong []string) {
		a, k := between(r, -30, 30), between(r, 2, 6)
		return []string{forms("x > %d", a), forms(`(%d, \infty)`, a), forms("%d < x", a), forms(`%dx > %d`, k, k*a), forms(`-x < %d`, -a), forms(`x \in (%d, +\infty)`, a), forms(`\{t : t > %d\}`, a)},
			[]string{forms("x < %d", a), forms(`x \ge %d`, a), forms(`[%d, \infty)`, a), forms("x > %d", a+1), forms(`(-\infty, %d)`, a), strconv.Itoa(a), forms(`x \ne %d`, a)}
	}},
	{"unions", func(r *rand.Rand) (right, wrong []string) {
		a := between(r, -30, 20)
		b := a + between(r, 1, 40)
		return []string{forms(`(-\infty,%d) \cup (%d,\infty)`, a, b), forms(`(%d,\infty)\cup(-\infty,%d)`, b, a), forms("x < %d or x > %d", a, b), forms(`x<%d \text{ or } x>%d`, a, b)},
			[]string{forms(`(-\infty,%d] \cup [%d,\infty)`, a, b), forms(`(%d,%d)`, a, b), forms(`(-\infty,%d) \cup (%d,\infty)`, a-1, b), forms(`(-\infty,%d)`, a), forms("x > %d or x < %d", a, b)}
	}},
	{"lists", func(r *rand.Rand) (right, wrong []string) {
		a := between(r, -20, 5)
		b := a + between(r, 1, 9)
		c := b + between(r, 1, 9)
		return []string{forms("%d, %d, %d", a, b, c), forms("%d, %d and %d", c, a, b), forms(`\{%d, %d, %d\}`, b, c, a), forms(`%d;%d;%d`, c, b, a), forms("x=%d, x=%d, x=%d", b, a, c)},
			[]string{forms("%d, %d", a, b), forms("%d, %d, %d", a, b, c+1), forms("%d, %d, %d", a, b, b), forms("(%d,%d,%d)", a, b, c), forms("%d, %d, %d, %d", a, b, c, c+1), strconv.Itoa(a), strconv.Itoa(a + b + c)}
	}},
	{"matrices", func(r *rand.Rand) (right, wrong []string) {
		a, b, c, d := between(r, -9, 9), between(r, 10, 19), between(r, 20, 29), between(r, 30, 39)
		m := func(env string, a, b, c, d int) string {
			return forms(`\begin{%s} %d & %d \\ %d & %d \end{%s}`, env, a, b, c, d, env)
		}
		return []string{m("pmatrix", a, b, c, d), m("bmatrix", a, b, c, d), `\left(` + m("array", a, b, c, d) + `\right)`, `\left[` + m("matrix", a, b, c, d) + `\right]`, m("smallmatrix", a, b, c, d)},
			[]string{m("pmatrix", a, c, b, d), m("pmatrix", d, b, c, a), m("pmatrix", a+1, b, c, d), m("vmatrix", a, b, c, d), forms("(%d,%d,%d,%d)", a, b, c, d), strconv.Itoa(a*d - b*c)}
	}},
	{"bases", func(r *rand.Rand) (right, wrong []string) {
		base := between(r, 3, 9)
		n := 0
		for n < 10 {
			n, _ = strconv.Atoi(strconv.FormatInt(int64(between(r, 10, 4000)), base))
		}
		name := []string{"", "", "", "three", "four", "five", "six", "seven", "eight", "nine"}[base]
		right = []string{forms("%d_%d", n, base), forms("%d_{%d}", n, base), forms("(%d)_{%d}", n, base), forms(`%d_{\text{%s}}`, n, name), forms("%d base %d", n, base), forms("%d_{(%d)}", n, base)}
		return right, []string{strconv.Itoa(n), forms("%d_%d", n, base+1), forms("%d_%d", n+1, base), forms("%d_%d", n, 2), forms("%d", value(n, base))}
	}},
	{"lines", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 9), between(r, 1, 20)
		return []string{forms("y = %dx + %d", a, b), forms("y=%d+%dx", b, a), forms("%dx + %d = y", a, b), forms("%dx - y + %d = 0", a, b), forms("2y = %dx+%d", 2*a, 2*b), forms("y-%d=%dx", b, a)},
			[]string{forms("y = %dx + %d", a+1, b), forms("y = %dx - %d", a, b), forms("y = -%dx + %d", a, b), forms("x = %dy + %d", a, b), forms("%dx + y + %d = 0", a, b), strconv.Itoa(b), forms("y = %d", a)}
	}},
	{"planes and curves", func(r *rand.Rand) (right, wrong []string) {
		a, b, k := between(r, 1, 9), between(r, 2, 9), between(r, 2, 4)
		return []string{forms("x^2+y^2+%dz=%d", a, b), forms("%d = x^2 + y^2 + %dz", b, a), forms("%dx^2+%dy^2+%dz-%d=0", k, k, k*a, k*b)},
			[]string{forms("x^2+y^2+%dz=%d", a, -b), forms("x^2-y^2+%dz=%d", a, b), forms("x^2+y^2+%dz=%d", a+1, b), forms("x^2+y^2+%dz", a), forms("x^2+y^2=%d", b)}
	}},
	{"units", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 2, 900)
		u := oneOf(r, "cm", "meters", "hours", "miles per hour", "square feet", "apples", "students", "degrees", "kg", "liters", "km/h", "seconds", "inches", "dollars")
		return []string{strconv.Itoa(n), forms("%d %s", n, u), forms(`%d\text{ %s}`, n, u), forms(`%d~\text{%s}`, n, u), forms(`$%d$ %s`, n, u), forms(`x = %d\,\text{%s}`, n, u)},
			[]string{forms("%d %s", n+1, u), forms(`%d\text{ %s}`, 10*n, u), forms("-%d %s", n, u), forms("%d hundred", n), forms("%d dozen", n), forms("%d xy", n), forms("%d squared", n),
				forms("%d thousand %s", n, u), forms("%d halves", n)}
	}},
	{"percent", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 2, 99)
		return []string{forms(`%d\%%`, n), forms("%d%%", n), forms("%d percent", n), forms("%d", n), forms("0.%02d", n), forms(`\frac{%d}{100}`, n)},
			[]string{forms("%d%%", n+1), forms("%d%%", 10*n), forms("0.%03d%%", n), forms("%d", 100*n), forms("0.%02d%%", n), forms("-%d%%", n)}
	}},
	{"scientific notation", func(r *rand.Rand) (right, wrong []string) {
		a, k := between(r, 101, 998), between(r, 5, 30)
		for a%10 == 0 {
			a++
		}
		return []string{forms(`%d.%02d \times 10^{-%d}`, a/100, a%100, k), forms("%d.%02de-%02d", a/100, a%100, k), forms(`%d.%02d \cdot 10^{-%d} \text{ m}`, a/100, a%100, k)},
			[]string{"0", forms(`%d.%02d \times 10^{%d}`, a/100, a%100, k), forms(`%d.%02d \times 10^{-%d}`, a/100, a%100, k+1), forms(`%d.%02d \times 10^{-%d}`, (a+1)/100, (a+1)%100, k), forms("%d.%02d", a/100, a%100)}
	}},
	{"logarithms and exponentials", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 30), between(r, 2, 9)
		return []string{forms(`\ln %d + %de^{2}`, a, b), forms(`%de^2+\ln(%d)`, b, a), forms(`%d e^{2} + \frac{1}{2}\ln %d`, b, a*a)},
			[]string{forms(`\ln %d + %de^{2}`, a+1, b), forms(`\ln %d - %de^{2}`, a, b), forms(`%d\ln %d + e^{2}`, b, a), forms(`\ln %d + %de^{3}`, a, b), forms(`\log_{10} %d + %de^2`, a, b)}
	}},
	{"trigonometry", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 9), between(r, 2, 9)
		return []string{forms(`%d\sin %dx`, a, b), forms(`%d\sin(%dx)`, a, b), forms(`-%d\sin(-%dx)`, a, b), forms(`\sin(%dx)\cdot %d`, b, a)},
			[]string{forms(`%d\cos %dx`, a, b), forms(`%d\sin %dx`, b, a+10), forms(`%d\sin x`, a*b), forms(`-%d\sin %dx`, a, b), forms(`\sin %dx`, a*b), forms(`%d\sin^2 %dx`, a, b)}
	}},
	{"functions of n", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 2, 9), between(r, 2, 9)
		return []string{forms(`%d^{n+1}-%d`, a, b), forms(`%d\cdot %d^n-%d`, a, a, b), forms(`-%d+%d^{n}%d`, b, a, a)},
			[]string{forms(`%d^{n}-%d`, a, b), forms(`%d^{n+1}+%d`, a, b), forms(`%d^{n+1-%d}`, a, b), forms(`%d^{n+2}-%d`, a, b), forms(`%dn-%d`, a, b)}
	}},
	{"Korean", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 2, 900)
		u := oneOf(r, "명", "개", "원", "도", "시간", "마리", "cm", "킬로그램", "권", "살")
		return []string{strconv.Itoa(n), forms("%d%s", n, u), forms("%d %s", n, u), forms("%d%s입니다", n, u), forms("$%d$%s", n, u), forms(`%d\text{%s}`, n, u), forms("약 %d%s", n, u)},
			[]string{forms("%d%s", n+1, u), forms("%d%s입니다", 10*n, u), forms("%d만", n), forms("%d억 원", n), forms("-%d%s", n, u)}
	}},
	{"Chinese and Japanese", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 2, 900)
		u := oneOf(r, "个", "人", "元", "米", "小时", "千克", "円", "枚", "本", "時間", "個", "平方厘米", "岁", "匹")
		return []string{strconv.Itoa(n), forms("%d%s", n, u), forms("%d %s", n, u), forms(`%d\text{%s}`, n, u), forms("%d%s。", n, u), forms("约%d%s", n, u), forms("%d%sです", n, u)},
			[]string{forms("%d%s", n+1, u), forms("%d万", n), forms("%d%s", 10*n, u), forms("-%d%s", n, u)}
	}},
	{"decimal commas", func(r *rand.Rand) (right, wrong []string) {
		a, b := between(r, 0, 90), between(r, 11, 98)
		for b%10 == 0 {
			b++
		}
		u := oneOf(r, "€", "km", "kg", "Euro", "cm")
		return []string{forms("%d.%d", a, b), forms("%d,%d", a, b), forms("%d,%d %s", a, b, u), forms("%d{,}%d", a, b)},
			[]string{forms("%d,%d", a+1, b), forms("%d,%d %s", a, b+1, u), forms("%d%d", a+1, b), forms("%d,%d %s", a+10, b, u)}
	}},
	{"letters", func(r *rand.Rand) (right, wrong []string) {
		k := r.IntN(5)
		letter, other := string(rune('A'+k)), string(rune('A'+(k+1+r.IntN(4))%5))
		n := between(r, 2, 90)
		return []string{letter, forms("(%s)", letter), forms(`\text{(%s)}`, letter), forms(`\textbf{(%s)}\ %d`, letter, n), forms("%s. %d", letter, n), forms("%s) %d", letter, n), forms("option %s", letter),
				forms("**%s**", letter), forms("%s.", letter), strings.ToLower(letter), forms("(%s), since (%s) is too large", letter, other)},
			[]string{other, forms("(%s)", other), forms(`\textbf{(%s)}\ %d`, other, n), forms("%s. %d", other, n), forms("option %s", other), forms("(%s), since (%s) is too large", other, letter), letter + other}
	}},
	{"words", func(r *rand.Rand) (right, wrong []string) {
		all := []string{"east", "west", "even", "odd", "ellipse", "hyperbola", "Evelyn", "Navin", "Monday", "triangle", "yes", "parabola", "Friday"}
		k := r.IntN(len(all))
		w, other := all[k], all[(k+1+r.IntN(len(all)-1))%len(all)]
		return []string{forms(`\text{%s}`, w), w, strings.ToUpper(w[:1]) + w[1:], forms("**%s**", w), forms(`\textbf{%s}`, w), forms("the %s", w), forms("%s.", w)},
			[]string{other, forms(`\text{%s}`, other), forms("not %s", w), w + "x", w[:len(w)-1], "0", forms("%s and %s", w, other)}
	}},
	{"numbers in words", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 21, 99)
		for n%10 == 0 {
			n++
		}
		tens := []string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}[n/10]
		ones := []string{"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}[n%10]
		return []string{strconv.Itoa(n), tens + "-" + ones, tens + " " + ones},
			[]string{tens, ones, tens + "-" + ones + " hundred", forms("%d thousand", n), forms("%d million", n), forms("%d quarters", n)}
	}},
	{"ratios", func(r *rand.Rand) (right, wrong []string) {
		p, q := between(r, 2, 9), between(r, 61, 97)
		for gcd(p, q) != 1 {
			p = between(r, 2, 9)
		}
		return []string{forms("%d:%d", p, q), forms("%d : %d", 2*p, 2*q)}, []string{forms("%d:%d", q, p), forms("%d:%d", p+1, q), strconv.Itoa(p), forms("%d:%d:1", p, q)}
	}},
	{"sums as names", func(r *rand.Rand) (right, wrong []string) {
		n := between(r, 20, 900)
		name := oneOf(r, "m+n", "a+b+c", "p+q", "AB", "f(3)", "a_{10}", `\angle ABC`, `\text{Total}`, "P(2)", "S_n", "|AB|", "BC", "g(-1)", `m\angle B`, `\overline{CD}`, "[ABC]")
		return []string{strconv.Itoa(n), forms("%s = %d", name, n), forms("%s=%d", name, n), forms("$%s = %d$", name, n)},
			[]string{forms("%s = %d", name, n+1), forms("%s = -%d", name, n), name, forms("%s > %d", name, n), forms("%s = %dx", name, n)}
	}},
}

func signed0(n int) string {
	if n == 0 {
		return "+0"
	}
	return signed(n)
}

// approximate returns a√b.
func approximate(a, b int) float64 {
	f, _ := new(big.Float).Sqrt(big.NewFloat(float64(a * a * b))).Float64()
	return f
}

// value returns the number whose digits in base are those of n.
func value(n, base int) int {
	v, _ := strconv.ParseInt(strconv.Itoa(n), base, 64)
	return int(v)
}
