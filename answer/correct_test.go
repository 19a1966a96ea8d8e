package answer

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A gradedCase is a line of testdata/correct.tsv.
type gradedCase struct {
	line      int
	kind      string // the heading above the line, without ", more"
	right     bool
	got, want string
}

// same reports whether a and b have the same key.
func same(a, b string) bool { return Key(a) == Key(b) }

func gradedCases(t testing.TB) (all []gradedCase) {
	data, err := os.ReadFile("testdata/correct.tsv")
	if err != nil {
		t.Fatal(err)
	}
	kind := ""
	for i, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if heading, ok := strings.CutPrefix(l, "# "); ok {
			kind, _, _ = strings.Cut(heading, ", more")
			continue
		}
		cells := strings.Split(l, "\t")
		if len(cells) != 3 || cells[0] != "yes" && cells[0] != "no" {
			t.Fatalf("correct.tsv:%d: %q: want yes or no, got, want", i+1, l)
		}
		all = append(all, gradedCase{i + 1, kind, cells[0] == "yes", cells[1], cells[2]})
	}
	return all
}

func TestCorrect(t *testing.T) {
	distinct, of := map[[2]string]int{}, map[string]map[bool]int{}
	for _, v := range gradedCases(t) {
		if got := Correct(v.got, v.want); got != v.right {
			t.Errorf("correct.tsv:%d: Correct(%q, %q) = %v, want %v", v.line, v.got, v.want, got, v.right)
		}
		if line := distinct[[2]string{v.got, v.want}]; line > 0 {
			t.Errorf("correct.tsv:%d: the same as line %d", v.line, line)
		}
		distinct[[2]string{v.got, v.want}] = v.line
		if of[v.kind] == nil {
			of[v.kind] = map[bool]int{}
		}
		of[v.kind][v.right]++
	}
	if n := len(distinct); n < 350 {
		t.Errorf("%d cases, want 350 or more", n)
	}
	for kind, n := range of {
		t.Logf("%s: %d right, %d wrong", kind, n[true], n[false])
		if n[true] < 3 || n[false] < 2 {
			t.Errorf("%s: %d right and %d wrong, want three and two or more", kind, n[true], n[false])
		}
	}
	for _, kind := range []string{
		"integers", "fractions", "roots", "intervals", "tuples", "sets", "matrices", "units", "percent", "words",
		"equations", "several answers", "complex", "bases",
	} {
		found := false
		for k := range of {
			found = found || strings.HasPrefix(k, kind)
		}
		if !found {
			t.Errorf("no case of %s", kind)
		}
	}
}

// Correct is symmetric except for decimals: a decimal may approximate an exact reference,
// and the reverse, but not an integer.
func TestCorrectIsSymmetricExceptDecimals(t *testing.T) {
	for _, v := range gradedCases(t) {
		rounded := strings.Contains(v.got, ".") != strings.Contains(v.want, ".")
		if got := Correct(v.want, v.got); got != v.right && !rounded {
			t.Errorf("correct.tsv:%d: Correct(%q, %q) = %v, and %v with swapped arguments", v.line, v.want, v.got, got, v.right)
		}
	}
}

// Correct accepts answers that Key does not group.
func TestCorrectIsMoreLenientThanKey(t *testing.T) {
	for _, tt := range [][2]string{{"0.5", "50%"}, {"0.3333", "1/3"}, {`\frac{x^2-1}{x-1}`, "x+1"}, {"5 N", "5"}} {
		if correct, same := Correct(tt[0], tt[1]), same(tt[0], tt[1]); !correct || same {
			t.Errorf("%q, %q: Correct is %v, equal keys %v, want true, false", tt[0], tt[1], correct, same)
		}
	}
}

func TestCorrectOnIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64().Draw(t, "a")
		b := rapid.OneOf(rapid.Just(a), rapid.Just(a/10), rapid.Int64()).Draw(t, "b")
		if got, want := Correct(strconv.FormatInt(a, 10), strconv.FormatInt(b, 10)), a == b; got != want {
			t.Fatalf("Correct(%d, %d) = %v", a, b, got)
		}
	})
}

// Correct is bounded in time on adversarial answers: otherwise the test does not end.
func TestCorrectIsBounded(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("(", MaxLen), strings.Repeat("{", MaxLen/2) + strings.Repeat("}", MaxLen/2),
		strings.Repeat(`\frac`, MaxLen/5), strings.Repeat(`\sqrt`, MaxLen/5), strings.Repeat("-", MaxLen-1) + "1",
		strings.Repeat("9^", MaxLen/2-1) + "9", strings.Repeat("9", MaxLen), strings.Repeat("|", MaxLen),
		strings.Repeat("1!", MaxLen/2), strings.Repeat("1;", MaxLen/2-1) + "2", strings.Repeat("±", MaxLen/2),
		strings.Repeat(`\{1;`, MaxLen/6) + strings.Repeat(`\}`, MaxLen/6), strings.Repeat("x", 1<<20),
		strings.Repeat("{", MaxLen/2-2) + "5" + strings.Repeat("}", MaxLen/2-2) + "x", strings.Repeat(`\sin`, MaxLen/4),
	} {
		if Correct(s, "7") || Correct("7", s) {
			t.Errorf("%.20q… is correct for 7", s)
		}
		if Key(s) != "" && !Correct(s, s) {
			t.Errorf("%.20q… is not correct for itself", s)
		}
		Correct(s, s+" ")
		Correct(s[:len(s)-1], s)
	}
}

func FuzzCorrect(f *testing.F) {
	for _, v := range gradedCases(f) {
		f.Add(v.got, v.want)
	}
	f.Add(`\frac{1}{2}`, "0.5")
	f.Add(`1 \pm \sqrt{19}`, `1+\sqrt{19}, 1-\sqrt{19}`)
	f.Add(`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, `(3,4]`)
	f.Add(`5x-7=0`, `\sin^2 x + |x|`)
	f.Add(`50\%`, `\{1,2\}`)
	f.Fuzz(func(t *testing.T, got, want string) {
		correct := Correct(got, want)
		if Key(got) != "" && !Correct(got, got) {
			t.Errorf("%q is wrong for itself", got)
		}
		if Key(got) == "" && correct {
			t.Errorf("the empty answer %q is correct for %q", got, want)
		}
		if Key(got) != "" && same(got, want) && !correct {
			t.Errorf("%q and %q have equal keys, but are not correct", got, want)
		}
	})
}

// The reference answers of MATH-500 are right in every notation, and each is wrong for
// the next one if that has another key.
func TestCorrectOnMATH500(t *testing.T) {
	data, err := os.ReadFile("testdata/math500.txt")
	if err != nil {
		t.Fatal(err)
	}
	gold := strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
	notations := []func(string) string{
		func(s string) string { return "$" + s + "$" },
		func(s string) string { return `\boxed{` + s + "}" },
		func(s string) string { return strings.ReplaceAll(s, `\frac`, `\dfrac`) },
		func(s string) string { return strings.NewReplacer(`\left`, "", `\right`, "", "  ", " ").Replace(s) },
		func(s string) string { return " " + s + "." },
	}
	for i, g := range gold {
		for _, rewrite := range notations {
			if got := rewrite(g); !Correct(got, g) {
				t.Errorf("%q is wrong for %q", got, g)
			}
		}
		if next := gold[(i+1)%len(gold)]; !same(g, next) && Correct(next, g) {
			t.Errorf("%q is right for %q", next, g)
		}
	}
}

// BenchmarkCorrect measures a typical case of the table, some microseconds, and the worst
// cases.
func BenchmarkCorrect(b *testing.B) {
	all := gradedCases(b)
	b.Run("typical", func(b *testing.B) {
		for b.Loop() {
			for _, v := range all {
				Correct(v.got, v.want)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/case")
	})
	for name, s := range map[string]string{
		"longest sum": strings.Repeat("x+", MaxLen/2-1) + "x",
		"deepest":     strings.Repeat("(", MaxLen/2) + strings.Repeat(")", MaxLen/2),
		"most parts":  strings.Repeat("1,", MaxLen/2-1) + "1",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Correct(s, s+"1")
			}
		})
	}
}
