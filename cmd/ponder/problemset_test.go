package main

import (
	"testing"

	"github.com/ponder-mesh/ponder/pocket/problems"
)

func TestHeldOutProblemsAreFixed(t *testing.T) {
	a, err := pocketSet(7, problems.Test, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pocketSet(7, problems.Test, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	steps := map[int]int{}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("problem %d is %v, then %v", i, a[i], b[i])
		}
		steps[a[i].Steps]++
	}
	if len(a) != 7 || steps[2] != 3 || steps[3] != 2 || steps[4] != 2 {
		t.Errorf("%d problems, by steps %v", len(a), steps)
	}
	if _, err := pocketSet(7, problems.Test, 2, 99); err == nil {
		t.Error("99 steps: no error")
	}
}
