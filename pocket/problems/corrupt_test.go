package problems

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCorruptIsWrongFromOneLineOn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	changed := map[string]int{}
	for _, p := range take(t, 400, Options{Split: Train, Seed: 9}) {
		attempt := Corrupt(r, p)
		right := p.Right(attempt)
		at := slices.Index(right, false)
		if at < 0 || slices.Contains(right[at:], true) {
			t.Fatalf("got labels %v of %q, whose solution is %q", right, attempt, p.Lines())
		}
		if attempt[at][0] == 'A' {
			changed["answer"]++
		} else {
			changed["calculation"]++
		}
		if len(attempt) > at+1 {
			changed["continued"]++
		}
	}
	for _, what := range []string{"answer", "calculation", "continued"} {
		if changed[what] < 40 {
			t.Errorf("%d of 400 corruptions: %s", changed[what], what)
		}
	}
}

func TestRight(t *testing.T) {
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

func TestPropagateError(t *testing.T) {
	p := Problem{Steps: []string{"4*39=156", "103+156=259", "259-9=250", "250/2=125"}, Answer: "125"}
	for attempt, want := range map[string]string{
		"4*39=156 103+156=269":                           "4*39=156 103+156=269 269-9=260 260/2=130 A:130",
		"4*39=157 103+156=259 259-9=250 A:250":           "4*39=157 103+157=260 260-9=251 A:251", // 251/2 is no whole number
		"103+156=259 259-9=250":                          "103+156=259 103+259=362 362-9=353 A:353",
		"4*39=156 A:156":                                 "4*39=156 A:156",
		"4*39=156 103+156=259 259-9=250 250/2=125 A:135": "4*39=156 103+156=259 259-9=250 250/2=125 A:135",
		"4*39=156 103+156=259 259-9=250 250/2=125 A:125": "4*39=156 103+156=259 259-9=250 250/2=125 A:125",
	} {
		if got := strings.Join(PropagateError(p, strings.Fields(attempt)), " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", attempt, got, want)
		}
	}
}
