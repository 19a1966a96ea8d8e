package reasoning

import "strings"

// Depth returns the depth of a node by its id, ordinals joined by dots: the root ""
// has 0, its child "3" has 1, and "3.0" has 2.
func Depth(node string) int {
	if node == "" {
		return 0
	}
	return 1 + strings.Count(node, ".")
}
