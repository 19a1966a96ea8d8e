package answer

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestCorrect(t *testing.T) {
	data, err := os.ReadFile("testdata/correct.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, l := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(l, "#") {
			continue
		}
		cells := strings.Split(l, "\t")
		if len(cells) != 3 || cells[0] != "yes" && cells[0] != "no" {
			t.Fatalf("correct.tsv:%d: %q: want yes or no, got, want", i+1, l)
		}
		if got, want := Correct(cells[1], cells[2]), cells[0] == "yes"; got != want {
			t.Errorf("correct.tsv:%d: Correct(%q, %q) = %v, want %v", i+1, cells[1], cells[2], got, want)
		}
		n++
	}
	if n < 80 {
		t.Errorf("%d cases, want 80 or more", n)
	}
}

// What a vote must not do, the grader may: the two relations differ.
func TestCorrectIsNotSame(t *testing.T) {
	for _, tt := range [][2]string{{"0.5", "50%"}, {"1, 2", "2, 1"}, {`\sqrt{8}`, `2\sqrt{2}`}, {"0.3333", "1/3"}} {
		if !Correct(tt[0], tt[1]) || Same(tt[0], tt[1]) {
			t.Errorf("%q, %q: Correct %v, Same %v, want true, false", tt[0], tt[1], Correct(tt[0], tt[1]), Same(tt[0], tt[1]))
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

// Hostile answers cost no more than their bound: the test would not end.
func TestCorrectIsBounded(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("(", MaxLen), strings.Repeat("{", MaxLen/2) + strings.Repeat("}", MaxLen/2),
		strings.Repeat(`\frac`, MaxLen/5), strings.Repeat(`\sqrt`, MaxLen/5), strings.Repeat("-", MaxLen-1) + "1",
		strings.Repeat("9^", MaxLen/2-1) + "9", strings.Repeat("9", MaxLen), strings.Repeat("|", MaxLen), strings.Repeat("1!", MaxLen/2),
		strings.Repeat("1;", MaxLen/2-1) + "2", strings.Repeat("±", MaxLen/2), strings.Repeat(`\{1;`, MaxLen/6) + strings.Repeat(`\}`, MaxLen/6),
		strings.Repeat("{", MaxLen/2-2) + "5" + strings.Repeat("}", MaxLen/2-2) + "x", strings.Repeat("x", 1<<20), strings.Repeat(`\sin`, MaxLen/4),
	} {
		if Correct(s, "7") || Correct("7", s) {
			t.Errorf("%.20q… is 7", s)
		}
		if Key(s) != "" && !Correct(s, s) {
			t.Errorf("%.20q… is not itself", s)
		}
		Correct(s, s+" ")
		Correct(s[:len(s)-1], s)
	}
}

func FuzzCorrect(f *testing.F) {
	f.Add(`\frac{1}{2}`, "0.5")
	f.Add(`1 \pm \sqrt{19}`, `1+\sqrt{19}, 1-\sqrt{19}`)
	f.Add(`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, `(3,4]`)
	f.Add(`5x-7=0`, `\sin^2 x + |x|`)
	f.Add(`50\%`, `\{1,2\}`)
	f.Fuzz(func(t *testing.T, got, want string) {
		verdict := Correct(got, want)
		if Key(got) == "" && verdict {
			t.Errorf("no answer, %q, is correct for %q", got, want)
		}
		if Key(got) != "" && Same(got, want) && !verdict {
			t.Errorf("%q and %q are the same, and not correct", got, want)
		}
	})
}
