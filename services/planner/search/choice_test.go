package search

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// ParseChoice is the inverse of Choice.String.
func TestParseChoice(t *testing.T) {
	var names []string
	for _, c := range Choices() {
		names = append(names, c.String())
		if got, err := ParseChoice(c.String()); got != c || err != nil {
			t.Errorf("%s: got %+v and error %v, want %+v", c, got, err, c)
		}
	}
	want := strings.Fields("majority min-max min-vote last-max last-vote avg-max avg-vote prod-max prod-vote " +
		"orm-max orm-vote certainty-max certainty-vote")
	if diff := cmp.Diff(names, want); diff != "" {
		t.Errorf("names (-got +want):\n%s", diff)
	}
	for a := verifier.AggregatorMin; a <= verifier.AggregatorProd; a++ {
		if got, want := (Choice{By: ByAggregator(a)}).String(), a.String()+"-vote"; got != want {
			t.Errorf("aggregator %v: got choice %s, want %s", a, got, want)
		}
	}
	if got := (Choice{By: ByAggregator(0)}); got != (Choice{}) {
		t.Errorf("no aggregator: got choice %s, want majority", got)
	}
	for _, bad := range []Choice{{By: -1}, {By: ByCertainty + 1}, {By: ByMin, Pick: PickMax + 1}, {Pick: PickMax}} {
		if got := bad.String(); got != "unknown" {
			t.Errorf("%#v has the name %s, want unknown", bad, got)
		}
	}
	for _, bad := range []string{"", "min", "MIN-MAX", "median-max"} {
		var invalid *reasoning.InvalidError
		if _, err := ParseChoice(bad); !errors.As(err, &invalid) || invalid.Field != "choice" {
			t.Errorf("%q: got error %v, want an InvalidError of choice", bad, err)
		}
	}
}
