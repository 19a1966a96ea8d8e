package answer

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKey(t *testing.T) {
	for _, tt := range []struct{ answer, want string }{
		{"", ""},
		{" 84 ", "84"},
		{"007", "7"},
		{"-0", "0"},
		{"0.50", "1/2"},
		{".5", "1/2"},
		{"3.00", "3"},
		{"2/4", "1/2"},
		{"-6/3", "-2"},
		{`\dfrac{2}{4}`, "1/2"},
		{`\frac 59`, "5/9"},
		{`\frac{-1}{2}`, "-1/2"},
		{`1\frac{4}{5}`, "9/5"},
		{`1 4/5`, "9/5"},
		{"1,234,567", "1234567"},
		{"1, 234", "1;234"},
		{"(1,234)", "(1;234)"},
		{"1,2,3", "1;2;3"},
		{`\$32,\!348`, "32348"},
		{`50\%`, "50"},
		{`90^\circ`, "90"},
		{"18 eggs", "18"},
		{"5 million", "5000000"},
		{`\sqrt{3}`, `3^(1/2)`},
		{`\sqrt 3`, `3^(1/2)`},
		{`\sqrt{x}`, `x^(1/2)`},
		{`x^{2}3`, `3*x^2`},
		{`x = 5`, "5"},
		{`x\in\left[0,\frac{2}{4}\right)`, "[0;1/2)"},
		{`(0.5, x)`, "(1/2;x)"},
		{`(x)+4/2`, "2+x"},
		{`\text{(C)}`, "C"},
		{`\text{Evelyn}`, "evelyn"},
		{"x", "x"}, {"X", "X"},
		{"3R^2", "3*R^2"},
		{strings.Repeat("1,", MaxLen), strings.Repeat("1,", MaxLen)},
	} {
		if got := Key(tt.answer); got != tt.want {
			t.Errorf("Key(%q) = %q, want %q", tt.answer, got, tt.want)
		}
	}
}

// answers generates answers of every kind, and random sequences of their parts.
func answers() *rapid.Generator[string] {
	pieces := rapid.SampledFrom([]string{
		"0", "1", "2", "7", "10", "12", "34", "250", "007", "1.50", ".5", "1,234", "3,", ",", ", ", ";", ".", " ",
		"-", "+", "/", "=", "x", "y", "X", "AB", "pi", "^", "_", "(", ")", "[", "]", "{", "}", `\{`, `\}`, "{,}",
		"{2}", "{x}", "^{2}", "x=", `\in`, "f(x)=", "(C)", `\frac`, `\dfrac`, `\frac12`, `\frac{3}{6}`, `\sqrt`,
		`\sqrt{2}`, "√2", "√", `\pi`, "π", `\infty`, `\cup`, `\pm`, `\cdot`, `\le`, `\leq`, "ft", `\text`,
		`\text{ cm}`, `\mbox{ and }`, " and ", " or ", " eggs", "million", "cm", "cm^2", "degrees", `^\circ`,
		`^{\circ}`, "°", `\%`, "%", "$", `\$`, `\!`, `\,`, `\ `, `\\`, `\`, `\left`, `\right`, `\quad`,
		`\begin{pmatrix}`, `\end{pmatrix}`, "&", "\xe2", "\x88\x9a", "\x00", "é", "²",
	})
	return rapid.Map(rapid.SliceOfN(pieces, 0, 8), func(s []string) string { return strings.Join(s, "") })
}

func TestKeyIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.OneOf(answers(), rapid.String()).Draw(t, "answer")
		key := Key(a)
		if again := Key(key); again != key {
			t.Fatalf("Key(%q) = %q, and its key is %q", a, key, again)
		}
	})
}

func TestEqualKeysAreCorrect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few values, so that answers with equal keys are drawn often.
		small := rapid.OneOf(answers(), rapid.SampledFrom([]string{
			"1/2", "0.5", `\frac12`, "50%", "50", "2/4", "5", "x=5", "5.0", "(1,2)", "1,2", "1;2",
		}))
		a, b := small.Draw(t, "a"), small.Draw(t, "b")
		if same(a, b) && Key(a) != "" && !Correct(a, b) {
			t.Fatalf("%q and %q have equal keys, but are not correct", a, b)
		}
	})
}

func TestPercentNeverScalesVotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1_000_000).Draw(t, "n")
		write := func(n int, label string) string {
			form := rapid.SampledFrom([]string{"%d", "%d%%", `%d\%%`, "%d percent", "%d.0%%", "$%d$"}).Draw(t, label)
			return strings.NewReplacer("%%", "%", "%d", itoa(n)).Replace(form)
		}
		if a, b := write(n, "a"), write(100*n, "b"); same(a, b) {
			t.Fatalf("%q and %q have equal keys", a, b)
		}
	})
}

// Plain numbers have equal keys if and only if they are equal.
func TestKeyOfNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.IntRange(-12, 12)
		a, b := small.Draw(t, "a"), small.Filter(func(n int) bool { return n != 0 }).Draw(t, "b")
		c, d := small.Draw(t, "c"), rapid.IntRange(1, 12).Draw(t, "d")
		x, y := itoa(a)+"/"+itoa(b), `\frac{`+itoa(c)+`}{`+itoa(d)+`}`
		if got, want := same(x, y), a*d == b*c; got != want {
			t.Fatalf("%q and %q have equal keys: %v, want %v", x, y, got, want)
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{
		`\left(3, \frac{\pi}{2}\right)`, `10,\!080`, "1 4/5", `x \in [-2,7]`, `\{1\pm\sqrt{5},-2\}`, "18 eggs", `\text{a`,
		"{{{{5}}}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, a string) {
		key := Key(a)
		if again := Key(key); again != key {
			t.Errorf("Key(%q) = %q, whose key is %q", a, key, again)
		}
	})
}
