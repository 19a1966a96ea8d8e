package backend

import (
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A draft is a child that is generated in parts.
type draft struct {
	thought
	thinking *thinking
	request  policy.Request // for the child
	start    thought        // of the prefix
	ordinal  int
	child    policy.Child // so far; its Finish is set when it needs no more parts
	written  int          // whole steps that the policy has generated
	spent    int          // tokens of the child
	parts    int          // requested
	tries    int          // rejected
	asked    int          // most tokens of the part that was requested last
	err      error
}

func (w *thinking) newDraft(r policy.Request, so thought, ordinal int) *draft {
	return &draft{thought: so, thinking: w, request: r, start: so, ordinal: ordinal}
}

// begin forces the end of thinking if the prefix has no thinking tokens left. It reports
// whether a part is to be requested.
func (t *draft) begin() bool {
	if t.over || t.left() != 0 {
		return true
	}
	if t.thinking.Mode == ModeReject {
		return false
	}
	t.force(t.thinking.format.Thinking.Answer)
	return true
}

// left returns how many thinking tokens the path has left; it is negative if there is no
// bound.
func (t *draft) left() int {
	if t.thinking.Max == 0 {
		return -1
	}
	return max(0, t.thinking.Max-t.tokens)
}

// next returns the request for the next part.
func (t *draft) next() policy.Request {
	r := t.request
	r.Steps = append(r.Steps[:len(r.Steps):len(r.Steps)], reasoning.Texts(t.child.Steps)...)
	r.Sampling.MaxTokens -= t.spent
	if r.Span != policy.Whole {
		r.Span -= t.written // written is less than the span
	}
	if t.parts > 0 {
		r.Ordinals = []int{t.ordinal}
		r.Seed = r.Seed.Child(-1 - t.parts) // -1 is the seed of the search's own draws
	}
	t.parts++
	if !t.over {
		r.Stop = t.thinking.format.Thinking.End
		if left := t.left(); left >= 0 {
			r.Sampling.MaxTokens = min(r.Sampling.MaxTokens, left)
		}
	}
	t.asked = r.Sampling.MaxTokens
	return r
}

// take adds a part to the child and reports whether the child needs another part.
func (t *draft) take(part policy.Child) bool {
	generated := int(part.Usage.Generated)
	t.spent += generated
	t.child.Usage = t.child.Usage.Add(part.Usage)
	t.child.Generate += part.Generate
	if t.parts == 1 {
		t.child.Start = part.Start
	}
	for _, s := range part.Steps {
		t.add(s)
	}
	t.written += len(part.Steps)
	if t.over {
		t.child.Finish = part.Finish
		if last := t.child.Steps[len(t.child.Steps)-1].Text; part.Finish == reasoning.FinishStep && t.thinking.format.Ended(last) {
			t.child.Finish = reasoning.FinishEnd // the engine does not know how the line begins
		}
		return false
	}
	t.tokens += generated
	end := t.thinking.format.Thinking.End
	switch {
	case part.Finish == reasoning.FinishLength:
		if t.open() {
			t.written--
		}
		if generated < t.asked || t.spent >= t.request.Sampling.MaxTokens {
			t.cut(nil) // at a budget, the end of the context or the child's limit
			return false
		}
		return t.capped()
	case part.Finish == reasoning.FinishStep && !strings.HasSuffix(t.text(), end):
		t.child.Finish = reasoning.FinishStep // its children think on
		return false
	case t.early():
		t.strip(end)
		t.written-- // the step goes on
		t.write(t.thinking.Wait)
		t.waits++
		return true
	case part.Finish == reasoning.FinishEnd:
		t.strip("")
		if t.thinking.format.Ended(t.child.Steps[len(t.child.Steps)-1].Text) { // it has an answer without an end of thinking
			t.over, t.child.Finish = true, reasoning.FinishEnd
			return false
		}
		t.force("")
	}
	t.over = true
	return t.more()
}

// early reports whether the thinking has ended too early and can go on.
func (t *draft) early() bool {
	wanted := t.waits < t.thinking.Waits || t.tokens < t.thinking.Min && t.waits < MaxWaits
	return wanted && t.left() != 0 && t.spent < t.request.Sampling.MaxTokens
}

// capped forces or rejects thinking that has reached its bound. It reports whether the child
// needs another part.
func (t *draft) capped() bool {
	if t.thinking.Mode == ModeForce {
		if !t.more() { // the bound was reached in the last requested step
			return false
		}
		t.force(t.thinking.format.Thinking.Answer)
		return true
	}
	if t.tries++; t.tries == MaxTries || t.request.Sampling.Temperature == 0 {
		t.cut(nil)
		return false
	}
	t.thought, t.child.Steps, t.written, t.spent = t.start, nil, 0, 0
	return true
}

// more reports whether the child goes on after the end of its thinking; if not, it is
// finished there.
func (t *draft) more() bool {
	switch {
	case t.request.Span != policy.Whole && t.written >= t.request.Span:
		t.child.Finish = reasoning.FinishStep
	case t.spent >= t.request.Sampling.MaxTokens:
		t.cut(nil)
	}
	return t.child.Finish == 0
}

// cut truncates the child, because of err if it is not nil.
func (t *draft) cut(err error) *draft {
	if len(t.child.Steps) == 0 {
		t.child.Steps = []reasoning.Step{{}}
	}
	t.child.Finish = reasoning.FinishLength
	if err != nil {
		t.err = err
	}
	return t
}

// force writes the end of thinking as a line, and the beginning of the answer.
func (t *draft) force(answer string) {
	text := t.thinking.format.Thinking.End + answer
	if before := t.text(); before != "" && !strings.HasSuffix(before, "\n") {
		text = "\n" + text
	}
	t.write(text)
	t.over = true
}

// text returns the text of the path.
func (t *draft) text() string {
	return strings.Join(t.request.Steps, "") + reasoning.Join(t.child.Steps)
}

// strip removes the end of a text, and then end, from the last step.
func (t *draft) strip(end string) {
	last := &t.child.Steps[len(t.child.Steps)-1]
	for _, s := range t.thinking.format.Thinking.Strip {
		last.Text = strings.TrimSuffix(last.Text, s)
	}
	last.Text = strings.TrimSuffix(last.Text, end)
}

// write adds text that the policy did not generate. Like the policy's, it is cut into steps.
func (t *draft) write(text string) {
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

// marks returns the texts that end a step.
func (t *draft) marks() []string {
	return []string{t.thinking.format.Delimiter, t.thinking.format.Thinking.End}
}

// add appends a step, or the rest of the last step if that is open.
func (t *draft) add(s reasoning.Step) {
	if n := len(t.child.Steps); n > 0 && t.open() {
		last := &t.child.Steps[n-1]
		last.Text += s.Text
		last.Tokens += s.Tokens
		last.LogProb += s.LogProb
		return
	}
	t.child.Steps = append(t.child.Steps, s)
}

// open reports whether the last step is incomplete.
func (t *draft) open() bool {
	last := t.child.Steps[len(t.child.Steps)-1].Text
	for _, mark := range t.marks() {
		if strings.HasSuffix(last, mark) {
			return false
		}
	}
	return true
}
