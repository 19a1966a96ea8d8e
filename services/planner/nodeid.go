package planner

import (
	"cmp"
	"strconv"
	"strings"
)

// CompareNodes orders node ids as a walk of the tree does: parents before children,
// siblings by ordinal.
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

// below says whether node id is under parent; everything is under the root.
func below(id, parent string) bool {
	return parent == "" || strings.HasPrefix(id, parent+".")
}
