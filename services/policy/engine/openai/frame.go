package openai

import "github.com/ponder-mesh/ponder/internal/modelserver"

// A frame is the content of one server-sent event, or of one line.
type frame struct {
	events []event
	usage  *usage // of the request so far, if reported
}

// An event is an update of one choice.
type event struct {
	choice    int
	reasoning string // thinking that the server sends apart from the text, and that precedes it
	text      string
	tools     bool                // the server sends a call of a tool
	tokens    []modelserver.Token // sampled since the last event, if reported
	sampled   int                 // tokens sampled so far, including those without text, if reported
	finish    string              // "stop" or "length" at the end
	stopped   string              // the stop string that the server reached and removed, if reported
	cut       bool                // text after a limit was removed
}
