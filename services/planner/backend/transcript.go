package backend

import (
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A transcript is the text of a child after its prefix, in steps: what the policy generates,
// and what is forced.
type transcript struct {
	format template.Template
	prefix string
	steps  []reasoning.Step
}

// last returns the last step; there must be one.
func (t *transcript) last() *reasoning.Step { return &t.steps[len(t.steps)-1] }

// path returns the text of the path, with the prefix.
func (t *transcript) path() string { return t.prefix + reasoning.Join(t.steps) }

// open reports whether the last step is incomplete.
func (t *transcript) open() bool {
	if len(t.steps) == 0 {
		return false
	}
	for _, mark := range t.marks() {
		if strings.HasSuffix(t.last().Text, mark) {
			return false
		}
	}
	return true
}

// marks returns the texts that end a step.
func (t *transcript) marks() []string { return []string{t.format.Delimiter, t.format.Thinking.End} }

// add appends a step, or the rest of the last step if that is open.
func (t *transcript) add(s reasoning.Step) {
	if !t.open() {
		t.steps = append(t.steps, s)
		return
	}
	last := t.last()
	last.Text += s.Text
	last.Tokens += s.Tokens
	last.LogProb += s.LogProb
}

// force adds text that the policy did not generate. It is cut into steps like the policy's.
func (t *transcript) force(text string) {
	for text != "" {
		n := len(text)
		for _, mark := range t.marks() {
			if i := strings.Index(text, mark); i >= 0 {
				n = min(n, i+len(mark))
			}
		}
		t.add(reasoning.Step{Text: text[:n]})
		text = text[n:]
	}
}

// forceLine adds text that begins a line.
func (t *transcript) forceLine(text string) {
	if before := t.path(); before != "" && !strings.HasSuffix(before, "\n") {
		text = "\n" + text
	}
	t.force(text)
}

// strip removes the end of a text, and then end, from the last step.
func (t *transcript) strip(end string) {
	last := t.last()
	for _, s := range t.format.Thinking.Strip {
		last.Text = strings.TrimSuffix(last.Text, s)
	}
	last.Text = strings.TrimSuffix(last.Text, end)
}
