package search

// A Pick determines which answer wins, by the weights of its solutions.
type Pick int

const (
	// PickVote takes the answer whose solutions have the largest total weight.
	PickVote Pick = iota
	// PickMax takes the answer of the solution with the largest weight.
	PickMax
)

var pickNames = []string{PickVote: "vote", PickMax: "max"}
