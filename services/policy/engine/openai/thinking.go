package openai

import (
	"strings"

	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A thinking puts the marks of a template around thinking that a server sends apart from
// the text, in a field such as reasoning_content, so that the thinking is part of the
// solution and a bound on it holds.
type thinking struct {
	beginMark, endMark string

	open     bool // the text so far begins thinking and does not end it
	over     bool // the text so far ends thinking: what the server still takes for thinking is text
	received bool // the server has sent thinking
}

// newThinking returns the state after a text.
func newThinking(t template.Template, text string) thinking {
	var th thinking
	th.beginMark, th.endMark = t.Marks()
	th.over = strings.Contains(text, th.endMark)
	th.open = !th.over && (th.beginMark == "" || strings.Contains(text, th.beginMark))
	return th
}

// begin returns what stands before the next thinking.
func (t *thinking) begin() string {
	t.received = true
	if t.over || t.open {
		return ""
	}
	t.open = true
	return t.beginMark
}

// end returns what stands between thinking that ends with a text and what follows it. It is
// empty if the server sends no thinking by itself: the text may then have its own marks.
func (t *thinking) end(last string) string {
	if t.over || !t.open || !t.received {
		return ""
	}
	t.open, t.over = false, true
	if last != "" && !strings.HasSuffix(last, "\n") {
		return "\n" + t.endMark
	}
	return t.endMark
}
