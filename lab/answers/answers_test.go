package answers

import (
	"os"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/answer"
)

// references returns the distinct reference answers of MATH-500.
func references(t testing.TB) []string {
	data, err := os.ReadFile("../../answer/testdata/math500.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
}

// At least 97 % of the reference answers of MATH-500 are found and graded right in each wording, and in each notation.
func TestReferencesInManyWordings(t *testing.T) {
	all := references(t)
	for _, r := range append(Found(all), Graded(all)...) {
		t.Logf("%s: %d of %d %q", r.Name, r.Right, r.Of, r.Wrong)
		if 100*r.Right < 97*r.Of {
			t.Errorf("%s: %d of %d, want 97 %%: %q", r.Name, r.Right, r.Of, r.Wrong)
		}
	}
}

// None of the answers that are wrong by construction is accepted or has the reference's key.
func TestNothingWrongIsAccepted(t *testing.T) {
	_, wrong := Constructed(30)
	if len(wrong) < 5000 {
		t.Errorf("%d wrong answers, want 5000 or more", len(wrong))
	}
	for _, p := range wrong {
		if answer.Correct(p.Got, p.Want) {
			t.Errorf("%s: %q is right for %q", p.Kind, p.Got, p.Want)
		}
		if answer.Key(p.Got) == answer.Key(p.Want) {
			t.Errorf("%s: %q has the key of %q", p.Kind, p.Got, p.Want)
		}
	}
}

// At least 95 % of the notations of each kind are accepted.
func TestRightThingsAreAccepted(t *testing.T) {
	right, _ := Constructed(30)
	rates := map[string]*Rate{}
	for _, p := range right {
		if rates[p.Kind] == nil {
			rates[p.Kind] = &Rate{Name: p.Kind}
		}
		rates[p.Kind].add(answer.Correct(p.Got, p.Want), p.Got+" for "+p.Want)
	}
	for _, r := range rates {
		if 100*r.Right < 95*r.Of {
			t.Errorf("%s: %d of %d: %q", r.Name, r.Right, r.Of, r.Wrong)
		}
	}
}
