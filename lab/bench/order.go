package bench

import (
	"cmp"
	"strings"

	"github.com/ponder-mesh/ponder/lab/problemset"
)

// ByID compares problems by id.
func ByID(a, b problemset.Problem) int { return strings.Compare(a.ID, b.ID) }

// BySteps compares problems by the number of steps that they need, then by id.
func BySteps(a, b problemset.Problem) int { return cmp.Or(cmp.Compare(a.Steps, b.Steps), ByID(a, b)) }

// OrderOf returns the function that compares problems by their place in a set.
func OrderOf(set []problemset.Problem) func(a, b problemset.Problem) int {
	place := map[string]int{}
	for i, p := range set {
		place[p.ID] = i
	}
	return func(a, b problemset.Problem) int { return place[a.ID] - place[b.ID] }
}
