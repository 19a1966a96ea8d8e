package template

// A Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// A Text is a problem with the solution so far.
type Text struct {
	Problem  string
	Attempts []string // earlier full solutions, oldest first, possibly with comments on each
	Steps    []string
}
