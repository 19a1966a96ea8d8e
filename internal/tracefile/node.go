package tracefile

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A node is what a search's trace needs of a span. A trace has many, so that a node has no attributes besides.
type node struct {
	id, parent string
	operation  string // see Span.Operation; "" for a call between services
	ofSearch   bool   // the span has the id of the search
	path       string // id of the node of the tree that is expanded or scored
	depth      int    // 0: none
	process    string // service, and instance
	start, end int64  // nanoseconds since 1970
	wait       time.Duration
	waited     bool   // the span has a wait
	failed     string // "" if it did not fail
	children   []child
}

// A child is an event of a generation: a child that arrived.
type child struct {
	ordinal, tokens int
	finish          string
	end             int64
	took            time.Duration
}

// maxText is the length of a text that is kept of a span, in bytes.
const maxText = 200

// newNode returns the node of a span in the trace of a search.
func newNode(s *Span, search string) *node {
	n := &node{
		id: s.ID, parent: s.Parent, operation: s.Operation(), ofSearch: s.search() == search, path: cut(s.text(names.NodeID)),
		process: s.process(), start: s.Start, end: max(s.Start, s.End),
	}
	if depth, ok := s.number(names.Depth); ok {
		n.depth = int(depth)
	}
	n.wait, n.waited = s.wait()
	if s.Status == "error" {
		n.failed = cut(cmp.Or(s.Message, "error"))
	}
	if n.operation == names.SpanGenerate {
		for _, e := range s.Events {
			n.addChild(e)
		}
	}
	return n
}

// addChild adds the child of an event, if it is one of a child.
func (n *node) addChild(e Event) {
	ordinal, ok := number(e.Attributes, names.ChildOrdinal)
	if e.Name != names.EventChild || !ok {
		return
	}
	tokens, _ := number(e.Attributes, names.GenAIOutputTokens)
	seconds, _ := number(e.Attributes, names.ChildSeconds)
	finish, _ := e.Attributes[names.ChildFinish].(string)
	n.children = append(n.children, child{
		ordinal: int(ordinal), tokens: int(tokens), finish: cut(finish),
		end: min(max(e.Time, n.start), n.end), took: time.Duration(seconds * float64(time.Second)),
	})
}

// label returns what the node is, with its depth if it is a depth.
func (n *node) label() string {
	if n.operation == names.SpanDepth {
		return names.SpanName(n.operation, strconv.Itoa(n.depth))
	}
	return n.operation
}

// cut returns a text, shortened to maxText, in memory of its own: a substring would keep the whole line.
func cut(text string) string { return strings.Clone(text[:min(len(text), maxText)]) }
