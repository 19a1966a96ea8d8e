package answer

import (
	"strings"
	"testing"
)

func hostileInputs() map[string]string {
	r := strings.Repeat
	return map[string]string{
		"parens":      r("(", MaxLen),
		"pairs":       r("(", MaxLen/2) + r(")", MaxLen/2),
		"braces":      r("{", MaxLen/2) + r("}", MaxLen/2),
		"frac":        r(`\frac`, MaxLen/5),
		"sqrt":        r(`\sqrt`, MaxLen/5),
		"minus":       r("-", MaxLen-1) + "1",
		"tower":       r("9^", MaxLen/2-1) + "9",
		"digits":      r("9", MaxLen),
		"bars":        r("|", MaxLen),
		"fact":        "9" + r("!", MaxLen-1),
		"facts":       r("9!", MaxLen/2),
		"list":        r("1;", MaxLen/2-1) + "2",
		"pm":          r("±", MaxLen/2),
		"pmx":         "1" + r("±1", MaxLen/4),
		"sets":        r(`\{1;`, MaxLen/6) + r(`\}`, MaxLen/6),
		"mb":          r("x", 1<<20),
		"sin":         r(`\sin`, MaxLen/4),
		"sins":        r(`\sin x`, MaxLen/6),
		"bigpow":      "99999999999^{99999999999}",
		"power sum":   "(x+y+z+w+u+v)^{40}",
		"power sums":  r("(a+b+c+d)^{9}", 30),
		"prod":        r("(x+1)(y-1)", 50),
		"prods":       r("(a+b+c)", 70),
		"bigfact":     "100000000!",
		"sci":         "1e999999999",
		"sci2":        "1.5e9999",
		"sci3":        "1.5e9999*1.5e9999",
		"bigmul":      r("9^{999}", 60),
		"rootbig":     `\sqrt{` + r("9", 400) + "1}",
		"roots":       r(`\sqrt{2+`, 60) + "1" + r("}", 60),
		"binom":       `\binom{99999}{50000}`,
		"binoms":      r(`\binom{3999}{2000}`, 25),
		"facts2":      r("2000!", 90),
		"powfact":     "(2000!)^{90}",
		"alternating": r("2000!+", 80) + "1",
		"1/sum":       r(`\frac{1}{x+`, 40) + "1" + r("}", 40),
		"unions":      r(`(1,2)\cup`, 50) + "(1,2)",
		"matrix":      `\begin{pmatrix}` + r("1&", 200) + `1\end{pmatrix}`,
		"rels":        r("x=", 250) + "1",
		"ineqs":       r("x<", 250) + "1",
		"names":       r(`\text{a}`, 70),
		"spaces":      r(" ", MaxLen-1) + "1",
		"commas":      r("1,", MaxLen/2),
		"dots":        r(".", MaxLen),
		"log":         r(`\log_2`, 80) + "8",
		"logbig":      `\ln{` + r("7", 480) + "}",
		"abs":         r("|x-", 100) + "1" + r("|", 100),
		"floor":       r(`\lfloor x`, 50) + r(`\rfloor`, 50),
		"expsum":      "2^{" + r("x+", 200) + "1}",
		"exps":        r("2^{x}", 100),
		"vars":        "a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t+u+v+w+x+y+z",
		"invalid":     r("\xff\xfe", 200),
		"md":          r("**", 250),
		"star":        r("*a*", 170),
		"ctrl":        r("\x1b[", 250),
		"thousands":   "1" + r(",000", 120),
		"frac nest":   r(`\frac{1}{1+`, 40) + "x" + r("}", 40),
		"ratio":       r("1:", 250) + "1",
		"units":       "1" + r(" cm", 160),
		"text":        r(`\text{cm `, 60) + r("}", 60),
		"ulps":        "0." + r("3", 500),
		"rootpow":     r(`\sqrt[3]{2}`, 40),
		"sumroots":    r(`\sqrt{2}+\sqrt{3}+\sqrt{5}+`, 18) + "1",
		"prodroots":   r(`(\sqrt{2}+\sqrt{3}+1)`, 25),
		"prodsq":      r(`(\sqrt{2}+\sqrt{3}+x)`, 25),
		"conj":        r(`\frac{1}{1+\sqrt2}`, 25),
	}
}

// The work for an answer is bounded, whatever it is: after the operation that exceeds maxWork there is no other.
func TestWorkIsBounded(t *testing.T) {
	most := 0
	for name, s := range hostileInputs() {
		if len(s) > MaxLen {
			s = s[:MaxLen]
		}
		v, work := unknown.readWithin(s, reading{})
		if work > 2*maxWork {
			t.Errorf("%s: %d units of work, want at most %d", name, work, 2*maxWork)
		}
		if work > maxWork && v.kind != kindWords && v.kind != kindNone {
			t.Errorf("%s: %d units of work, but a value", name, work)
		}
		most = max(most, work)
		Correct(s, s+"1")
		Correct("7", s)
		Extract("The answer is $" + s)
		q := *unknown
		q.reads = new(maxReads)
		q.extract(strings.Repeat(s+" ", 20))
		if *q.reads < -20*maxReads {
			t.Errorf("%s: %d reads, want about %d", name, maxReads-*q.reads, maxReads)
		}
	}
	if most <= maxWork/2 {
		t.Errorf("the most work is %d: no input of the test needs the bound %d", most, maxWork)
	}
}

// Without the bound, the work for the hostile inputs exceeds it.
func TestHostileInputsNeedTheBound(t *testing.T) {
	needed := 0
	for _, s := range hostileInputs() {
		if _, work := unknown.readWithin(s[:min(len(s), MaxLen)], reading{}); work > maxWork {
			needed++
		}
	}
	if needed < 5 {
		t.Errorf("%d hostile inputs reach the bound of work, want 5 or more", needed)
	}
}

// BenchmarkHostile measures the slowest of the hostile inputs.
func BenchmarkHostile(b *testing.B) {
	all := hostileInputs()
	for _, name := range []string{"powfact", "prod", "binoms", "sets", "exps", "alternating"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Correct(all[name], all[name]+"1")
			}
		})
	}
}
