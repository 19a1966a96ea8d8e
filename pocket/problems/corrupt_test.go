package problems

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCorruptedIsWrongFromOneLineOn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	changed := map[string]int{}
	for _, p := range take(t, 400, Options{Split: Train, Seed: 9}) {
		attempt := Corrupt(r, p)
		right := p.Right(attempt)
		at := slices.Index(right, false)
		if at < 0 || slices.Contains(right[at:], true) {
			t.Fatalf("labels %v of %q for %q", right, attempt, p.Lines())
		}
		if attempt[at][0] == 'A' {
			changed["answer"]++
		} else {
			changed["calculation"]++
		}
		if len(attempt) > at+1 {
			changed["goes on"]++
		}
	}
	for _, what := range []string{"answer", "calculation", "goes on"} {
		if changed[what] < 40 {
			t.Errorf("%d of 400 corruptions: %s", changed[what], what)
		}
	}
}

func TestRightMarksTheBeginning(t *testing.T) {
	p := Problem{Steps: []string{"1+1=2", "2+2=4"}, Answer: "4"}
	for _, c := range []struct {
		attempt []string
		want    []bool
	}{
		{[]string{"1+1=2", "2+2=4", "A:4"}, []bool{true, true, true}},
		{[]string{"1+1=2", "2+3=5", "A:4"}, []bool{true, false, false}},
		{[]string{"2+2=4"}, []bool{false}},
		{[]string{"1+1=2", "2+2=4", "A:4", "A:4"}, []bool{true, true, true, false}},
		{nil, []bool{}},
	} {
		if diff := cmp.Diff(c.want, p.Right(c.attempt)); diff != "" {
			t.Errorf("%v: %s", c.attempt, diff)
		}
	}
}
