package state

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ids draws ids of nodes.
var ids = rapid.Custom(func(t *rapid.T) string {
	id := ""
	for i := range rapid.IntRange(0, 4).Draw(t, "depth") {
		if i > 0 {
			id += "."
		}
		id += rapid.SampledFrom([]string{"0", "1", "2", "9", "10", "11", "100"}).Draw(t, "ordinal")
	}
	return id
})

func TestCompareNodes(t *testing.T) {
	want := []string{"", "0", "0.0", "0.2", "0.10", "1", "1.0.0", "2", "10", "10.1", "100"}
	got := slices.Clone(want)
	slices.Sort(got)
	slices.SortFunc(got, CompareNodes)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got -, want +\n%s", diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := ids.Draw(t, "a"), ids.Draw(t, "b"), ids.Draw(t, "c")
		if x, y := CompareNodes(a, b), CompareNodes(b, a); x != -y || (x == 0) != (a == b) {
			t.Errorf("%q and %q compare as %d and %d", a, b, x, y)
		}
		if CompareNodes(a, b) < 0 && CompareNodes(b, c) < 0 && CompareNodes(a, c) >= 0 {
			t.Errorf("%q < %q < %q, but not the first < the last", a, b, c)
		}
		if below(a, b) && b != "" && CompareNodes(b, a) >= 0 {
			t.Errorf("%q is below %q, but not after it", a, b)
		}
	})
}

func TestValidNode(t *testing.T) {
	for id, want := range map[string]bool{
		"": true, "0": true, "0.3.12": true, "2147483647": true, "2147483648": false,
		"x": false, "0.": false, ".0": false, "0..1": false, "-1": false, "+1": false, "00": false, "0.1 ": false,
	} {
		if got := ValidNode(id); got != want {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}
