package reasoning

import "strings"

// Depth returns the depth of the node with this id, which is ordinals joined by dots:
// the root "" has depth 0, its child "3" has 1, and "3.0" has 2.
func Depth(node string) int {
	if node == "" {
		return 0
	}
	return 1 + strings.Count(node, ".")
}
