package state

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Node is a node of a search's tree as clients see it. It does not change.
type Node struct {
	ID     string // ordinals from the root joined by dots
	Parent string // "" is the root
	Depth  int
	State  search.State
	Steps  []reasoning.Step
	Finish reasoning.Finish
	Value  float64 // valid if Scored
	Scored bool
	Answer string // of the solution that the node ends; "" if there is none
	Reason string // why the node failed, or why it has no score
}

// CompareNodes compares node ids in preorder: parents before children, siblings by ordinal.
func CompareNodes(a, b string) int {
	for a != "" && b != "" {
		x, restA, _ := strings.Cut(a, ".")
		y, restB, _ := strings.Cut(b, ".")
		i, _ := strconv.Atoi(x)
		j, _ := strconv.Atoi(y)
		if c := cmp.Compare(i, j); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// ValidNode reports whether a string is the id of a node: ordinals joined by dots, or ""
// for the root.
func ValidNode(id string) bool {
	if id == "" {
		return true
	}
	for _, ordinal := range strings.Split(id, ".") {
		n, err := strconv.ParseUint(ordinal, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != ordinal {
			return false
		}
	}
	return true
}

// below reports whether node id is under parent; everything is under the root.
func below(id, parent string) bool {
	return parent == "" || strings.HasPrefix(id, parent+".")
}
