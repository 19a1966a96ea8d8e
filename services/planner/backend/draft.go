package backend

import (
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A draft is a child that is written in parts.
type draft struct {
	thought
	thinking *thinking
	request  policy.Request // for the child
	start    thought        // of the prefix
	ordinal  int
	child    policy.Child // so far; it has a Finish once nothing more is to be asked for
	written  int          // steps that the policy has brought to their end
	spent    int          // tokens of the child
	parts    int          // asked for
	tries    int          // thrown away
	asked    int          // most tokens of the part that was asked for last
	err      error
}

func (w *thinking) newDraft(r policy.Request, so thought, ordinal int) *draft {
	return &draft{thought: so, thinking: w, request: r, start: so, ordinal: ordinal}
}

// begin forces the end on a prefix that has nothing left to think. It says whether
// there is anything to ask for.
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

// left is how many tokens the path may still think; negative if that is not bounded.
func (t *draft) left() int {
	if t.thinking.Max == 0 {
		return -1
	}
	return max(0, t.thinking.Max-t.tokens)
}

// next is the request for the next part.
func (t *draft) next() policy.Request {
	r := t.request
	r.Steps = append(r.Steps[:len(r.Steps):len(r.Steps)], reasoning.Texts(t.child.Steps)...)
	r.Sampling.MaxTokens -= t.spent
	if r.Span != policy.Whole {
		r.Span -= t.written // which is less
	}
	if t.parts > 0 {
		r.Ordinals = []int{t.ordinal}
		r.Seed = r.Seed.Child(-1 - t.parts) // -1 is the search's own chance
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

// take adds a part and decides what becomes of the child: false if it is finished.
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
			t.child.Finish = reasoning.FinishEnd // the engine has not seen how the line began
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
			t.cut(nil) // by a budget, a context or the child's limit
			return false
		}
		return t.capped()
	case part.Finish == reasoning.FinishStep && !strings.HasSuffix(t.text(), end):
		t.child.Finish = reasoning.FinishStep // and it thinks on
		return false
	case t.early():
		t.strip(end)
		t.written-- // it goes on
		t.write(t.thinking.Wait)
		t.waits++
		return true
	case part.Finish == reasoning.FinishEnd:
		t.strip("")
		if t.thinking.format.Ended(t.child.Steps[len(t.child.Steps)-1].Text) { // it answered all the same
			t.over, t.child.Finish = true, reasoning.FinishEnd
			return false
		}
		t.force("")
	}
	t.over = true
	return t.more()
}

// early says whether the thinking ends too early, and can go on.
func (t *draft) early() bool {
	wanted := t.waits < t.thinking.Waits || t.tokens < t.thinking.Min && t.waits < MaxWaits
	return wanted && t.left() != 0 && t.spent < t.request.Sampling.MaxTokens
}

// capped goes on after thinking that has reached its bound.
func (t *draft) capped() bool {
	if t.thinking.Mode == ModeForce {
		if !t.more() { // the bound came with the last step that was asked for
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

// more says whether the child is to go on where its thinking ends, or is at its own
// end there.
func (t *draft) more() bool {
	switch {
	case t.request.Span != policy.Whole && t.written >= t.request.Span:
		t.child.Finish = reasoning.FinishStep
	case t.spent >= t.request.Sampling.MaxTokens:
		t.cut(nil)
	}
	return t.child.Finish == 0
}

// cut ends the child where it is, for this reason if there is one.
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

// force ends the thinking, on a line of its own, and opens the answer.
func (t *draft) force(answer string) {
	text := t.thinking.format.Thinking.End + answer
	if before := t.text(); before != "" && !strings.HasSuffix(before, "\n") {
		text = "\n" + text
	}
	t.write(text)
	t.over = true
}

// text is the path's.
func (t *draft) text() string {
	return strings.Join(t.request.Steps, "") + reasoning.Join(t.child.Steps)
}

// strip takes the mark that ends thinking, and what ends a text, off the end.
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

func (t *draft) marks() []string {
	return []string{t.thinking.format.Delimiter, t.thinking.format.Thinking.End}
}

// add adds a step, or what was missing of the last one.
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

// open says whether the last step is not at its end.
func (t *draft) open() bool {
	last := t.child.Steps[len(t.child.Steps)-1].Text
	for _, mark := range t.marks() {
		if strings.HasSuffix(last, mark) {
			return false
		}
	}
	return true
}
