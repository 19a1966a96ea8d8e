package reasoning

import (
	"math"
	"testing"
)

func TestUsageSaturates(t *testing.T) {
	most := Usage{Generated: math.MaxInt64, Prompt: math.MaxInt64 - 1, Cached: 5, Verifier: 1, FLOPs: 2}
	got := most.Add(Usage{Generated: 1, Prompt: 1, Cached: 6, Verifier: math.MaxInt64, FLOPs: 3})
	want := Usage{Generated: math.MaxInt64, Prompt: math.MaxInt64, Cached: 11, Verifier: math.MaxInt64, FLOPs: 5}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (Usage{Generated: math.MinInt64}).Add(Usage{Generated: -1}); got.Generated != math.MinInt64 {
		t.Errorf("got %d, want the minimum int64", got.Generated)
	}
	if got := (Usage{Generated: math.MaxInt64}).Add(Usage{Generated: -7}); got.Generated != math.MaxInt64-7 {
		t.Errorf("got %d, want 7 less than the maximum int64", got.Generated)
	}
}
