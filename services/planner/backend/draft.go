package backend

import (
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A phase is what the policy generates next for a draft:
//
//	thinking  → thinking   its end is suppressed (wait), or it is sampled again (reject)
//	          → answering  it has ended (answer), or its end is forced (force)
//	          → finished   the child has its steps (finish), or a limit cuts it (truncate)
//	answering → finished   with the next part (takeAnswer)
type phase int

const (
	phaseThinking phase = iota + 1
	phaseAnswering
	phaseFinished
)

// A thought is the state of the thinking on a path.
type thought struct {
	tokens int  // generated
	waits  int  // ends that were suppressed
	ended  bool // the path has the end of thinking
}

// A draft is a child that is generated in parts, each by a request.
type draft struct {
	thought  // on the child's path
	phase    phase
	thinking *thinking
	request  policy.Request // for the child
	text     transcript
	child    policy.Child // its usage so far; without steps and Finish until it is finished
	parts    int          // that the policy has generated, rejected tries included
	complete int          // steps that the policy has completed, without forced ones
	spent    int          // tokens that the policy has generated, without those of rejected tries
}

// newDraft returns the draft of a child. If the prefix has left its thinking no tokens, the end
// is forced or, with ModeReject, the child is truncated.
func (b *thinking) newDraft(r policy.Request, before thought, ordinal int) *draft {
	d := &draft{
		thought: before, phase: phaseThinking, thinking: b, request: r,
		text: transcript{format: b.format, prefix: strings.Join(r.Steps, "")}, child: policy.Child{Ordinal: ordinal},
	}
	switch {
	case d.ended:
		d.phase = phaseAnswering
	case d.thinkingLeft() > 0:
	case b.Mode == ModeReject:
		d.truncate()
	default:
		d.force(b.format.Thinking.Answer)
	}
	return d
}

// thinkingLeft returns how many tokens the thinking on the path has left.
func (d *draft) thinkingLeft() int {
	if d.thinking.Max == 0 {
		return d.request.Sampling.MaxTokens // no bound but the child's limit
	}
	return max(0, d.thinking.Max-d.tokens)
}

// left returns how many tokens the child has left.
func (d *draft) left() int { return d.request.Sampling.MaxTokens - d.spent }

// limit returns the most tokens of the next part.
func (d *draft) limit() int {
	if d.phase == phaseThinking {
		return min(d.left(), d.thinkingLeft())
	}
	return d.left()
}

// next returns the request for the next part: for all children if it is the first.
func (d *draft) next() policy.Request {
	r := d.request
	r.Steps = append(r.Steps[:len(r.Steps):len(r.Steps)], reasoning.Texts(d.text.steps)...)
	r.Sampling.MaxTokens = d.limit()
	if r.Span != policy.Whole {
		r.Span -= d.complete // positive, as the child is not finished
	}
	if d.parts > 0 {
		r.Ordinals = []int{d.child.Ordinal}
		r.Seed = r.Seed.Child(-1 - d.parts) // -1 is the seed of the search's own draws
	}
	if d.phase == phaseThinking {
		r.Stop = d.thinking.format.Thinking.End
	}
	return r
}

// take adds the next part.
func (d *draft) take(part policy.Child) {
	generated := reasoning.Tokens(part.Steps) // without what is wasted
	reached := generated >= d.limit()
	if d.parts++; d.parts == 1 {
		d.child.Start = part.Start
	}
	d.child = d.child.WithCost(d.child.Cost().Add(part.Cost()))
	d.child.Generate += part.Generate
	d.spent += generated
	d.complete += len(part.Steps)
	for _, s := range part.Steps {
		d.text.add(s)
	}
	if d.phase == phaseAnswering {
		d.takeAnswer(part.Finish)
	} else {
		d.tokens += generated
		d.takeThinking(part.Finish, reached)
	}
}

// takeAnswer finishes the child with a part of its answer.
func (d *draft) takeAnswer(finish reasoning.Finish) {
	if finish == reasoning.FinishStep && d.answered() {
		finish = reasoning.FinishEnd // the engine does not know how the line begins
	}
	d.finish(finish)
}

// answered reports whether the last step ends the solution with an answer.
func (d *draft) answered() bool { return d.thinking.format.Ended(d.text.last().Text) }

// takeThinking goes on after a part of the thinking. reached reports whether the part has as
// many tokens as it may have.
func (d *draft) takeThinking(finish reasoning.Finish, reached bool) {
	end := d.thinking.format.Thinking.End
	switch {
	case finish == reasoning.FinishLength:
		d.takeTruncated(reached)
	case finish == reasoning.FinishStep && !strings.HasSuffix(d.text.path(), end):
		d.finish(reasoning.FinishStep) // its children think on
	case d.tooShort():
		d.wait()
	case finish == reasoning.FinishEnd:
		d.takeEnd()
	default:
		d.answer()
	}
}

// takeTruncated goes on after a part that the policy did not end. If the thinking has used up its
// bound, its end is forced or it is sampled again. If another limit cut it (the budget, the end
// of the context, or the child's MaxTokens), the child is truncated.
func (d *draft) takeTruncated(reached bool) {
	if d.text.open() {
		d.complete--
	}
	switch {
	case !reached || d.left() <= 0:
		d.truncate()
	case d.thinking.Mode == ModeReject:
		d.reject()
	case !d.full():
		d.force(d.thinking.format.Thinking.Answer)
	default: // the bound was reached in the last requested step
		d.finish(reasoning.FinishStep)
	}
}

// takeEnd goes on after a text that the policy ended within the thinking. If its last step has an
// answer, the child is finished; otherwise the end of thinking is forced.
func (d *draft) takeEnd() {
	d.text.strip("")
	if d.answered() {
		d.ended = true
		d.finish(reasoning.FinishEnd)
		return
	}
	d.force("")
	d.answer()
}

// tooShort reports whether the thinking has ended too early and can go on.
func (d *draft) tooShort() bool {
	wanted := d.waits < d.thinking.Waits || d.tokens < d.thinking.Min && d.waits < MaxWaits
	return wanted && d.limit() > 0
}

// wait replaces the end of the thinking by the text of Wait. The thinking goes on in the same
// step.
func (d *draft) wait() {
	d.text.strip(d.thinking.format.Thinking.End)
	d.text.force(d.thinking.Wait)
	d.complete--
	d.waits++
}

// reject discards the thinking, which is sampled again, or truncates the child after its last
// try.
func (d *draft) reject() {
	if d.parts == MaxTries || d.request.Sampling.Temperature == 0 {
		d.truncate()
		return
	}
	d.tokens -= d.spent
	d.text.steps, d.complete, d.spent = nil, 0, 0
}

// force ends the thinking with a line of its own, and begins the answer.
func (d *draft) force(answer string) {
	d.text.forceLine(d.thinking.format.Thinking.End + answer)
	d.ended, d.phase = true, phaseAnswering
}

// answer goes on to the answer after the end of the thinking, or finishes the child if it has
// all its steps or tokens.
func (d *draft) answer() {
	d.ended, d.phase = true, phaseAnswering
	switch {
	case d.full():
		d.finish(reasoning.FinishStep)
	case d.left() <= 0:
		d.truncate()
	}
}

// full reports whether the child has all the steps that were requested.
func (d *draft) full() bool {
	return d.request.Span != policy.Whole && d.complete >= d.request.Span
}

// truncate finishes the child where a limit cut it.
func (d *draft) truncate() {
	if len(d.text.steps) == 0 {
		d.text.steps = []reasoning.Step{{}}
	}
	d.finish(reasoning.FinishLength)
}

// finish finishes the child.
func (d *draft) finish(finish reasoning.Finish) {
	d.child.Steps, d.child.Finish, d.phase = d.text.steps, finish, phaseFinished
}
