package openai

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A sample cuts the stream of one choice into steps. It goes on over several requests if
// the server aborts one.
type sample struct {
	template template.Template
	span     int
	until    string // ends the sample, if not empty
	limit    int    // most tokens; what the server sends beyond it is cut
	thinking thinking

	steps   []reasoning.Step // complete
	open    reasoning.Step   // incomplete
	finish  reasoning.Finish // 0 while the sample is unfinished
	size    int              // bytes of text
	overrun bool             // text arrived after the finish
	count   count
	shown   struct { // of the server, by an event with text
		text     bool // there was one
		counted  bool // the tokens so far are known
		logProbs bool
	}
	request struct { // of the current request
		received bool // an event arrived
		ended    bool // the server ended the choice
	}
}

// newSample returns a sample that continues steps.
func newSample(c call, span int) *sample {
	return &sample{
		template: c.template, span: span, until: c.until, limit: c.sampling.MaxTokens,
		thinking: newThinking(c.template, strings.Join(c.text.Steps, "")),
	}
}

// add adds an event. It only counts the tokens that arrive after the finish.
func (s *sample) add(e event) error {
	s.request.received = true
	tokens, err := s.admit(&e)
	switch {
	case err != nil:
		return err
	case e.tools:
		return errTools
	}
	if e.reasoning != "" {
		s.write(s.thinking.begin())
		tokens = s.generate(e.reasoning, tokens)
	}
	if e.text != "" {
		s.write(s.thinking.end(s.open.Text))
		tokens = s.generate(e.text, tokens)
	}
	s.attach(tokens)
	s.request.ended = s.request.ended || e.finish != ""
	switch {
	case s.finish != 0:
		return nil
	case s.size > policy.MaxPrefix:
		return reasoning.Mark(fmt.Errorf("text has more than %d bytes, which no request can continue", policy.MaxPrefix),
			modelserver.ErrResponse)
	case e.cut:
		s.end(reasoning.FinishLength)
		s.overrun = true
		return nil
	case !s.request.ended:
		return nil
	}
	return s.ended(e)
}

// ended finishes the sample for the reason that the server names.
func (s *sample) ended(e event) error {
	switch e.finish {
	case "length", "repetition": // vLLM ends repetitions, if it is configured to
		s.end(reasoning.FinishLength)
	case "stop":
		if e.stopped == s.template.Delimiter {
			s.write(e.stopped)
		}
		if s.finish == 0 {
			s.end(reasoning.FinishEnd)
		}
	case "abort", "error":
		s.request.ended = false
		return reasoning.Mark(fmt.Errorf("the server aborted the text: finish reason %q", e.finish), reasoning.ErrUnavailable)
	case "tool_calls", "function_call":
		return errTools
	default:
		return reasoning.Mark(fmt.Errorf("finish reason %.100q: must be stop or length", e.finish), modelserver.ErrResponse)
	}
	return nil
}

// end finishes the sample with the open step.
func (s *sample) end(f reasoning.Finish) {
	s.finish = f
	if last := len(s.steps) - 1; last >= 0 && s.open.Text == "" { // an end-of-text token has no text
		s.steps[last].Tokens += s.open.Tokens
		s.steps[last].LogProb += s.open.LogProb
	} else {
		s.steps = append(s.steps, s.open)
	}
	s.open = reasoning.Step{}
}

// write adds text that the model did not generate.
func (s *sample) write(text string) { s.generate(text, nil) }

// generate adds text with its tokens up to the finish, and returns the tokens that begin
// after the text.
func (s *sample) generate(text string, tokens []modelserver.Token) []modelserver.Token {
	at, begin := 0, 0 // offsets in the text: of the rest, and of the next token
	for at < len(text) && s.finish == 0 {
		n, whole := s.toStepEnd(text[at:])
		s.open.Text += text[at : at+n]
		at += n
		for len(tokens) > 0 && begin < at {
			begin += len(tokens[0].Text)
			s.attach(tokens[:1])
			tokens = tokens[1:]
		}
		if whole {
			s.close()
		}
	}
	s.size += at
	s.overrun = s.overrun || at < len(text)
	return tokens
}

// toStepEnd returns how many bytes of text belong to the open step, and whether they
// complete it. The delimiter may have begun in an earlier event.
func (s *sample) toStepEnd(text string) (n int, whole bool) {
	n = len(text)
	for _, mark := range []string{s.template.Delimiter, s.until} {
		if mark == "" {
			continue
		}
		before := s.open.Text[max(0, len(s.open.Text)-len(mark)+1):]
		if i := strings.Index(before+text, mark); i >= 0 {
			n, whole = min(n, i+len(mark)-len(before)), true
		}
	}
	return n, whole
}

// close completes the open step at its delimiter or at s.until.
func (s *sample) close() {
	s.steps = append(s.steps, s.open)
	switch {
	case s.template.Ended(s.open.Text):
		s.finish = reasoning.FinishEnd
	case s.until != "" && strings.HasSuffix(s.open.Text, s.until):
		s.finish = reasoning.FinishStep
	case len(s.steps) == s.span: // never if span is policy.Whole
		s.finish = reasoning.FinishStep
	}
	s.open = reasoning.Step{}
}

// attach adds tokens to the open step. After the finish, child adds them to the last step,
// whose log-probability they do not change.
func (s *sample) attach(tokens []modelserver.Token) {
	if s.finish != 0 {
		return
	}
	s.open.Tokens += len(tokens)
	for _, t := range tokens {
		s.open.LogProb += min(0, t.LogProb)
	}
}

// text returns the text so far.
func (s *sample) text() string { return reasoning.Join(s.steps) + s.open.Text }

// child returns the finished sample. Tokens after its finish, and those that the server
// reports only as part of a sum, such as the end-of-text token, are added to the last step
// as far as the limit allows. The usage has all tokens; those that are in no step are wasted.
func (s *sample) child(ordinal int, model reasoning.Model, u usage) (policy.Child, error) {
	total := s.count.total()
	if total == 0 && s.text() != "" {
		return policy.Child{Usage: wastedUsage([]*sample{s}, u, model)}, errUncounted
	}
	inSteps := 0
	for _, step := range s.steps {
		inSteps += step.Tokens
	}
	last := &s.steps[len(s.steps)-1]
	last.Tokens += max(0, min(total, s.limit)-inSteps)
	return policy.Child{Ordinal: ordinal, Steps: s.steps, Finish: s.finish, Usage: u.with(total, model)}, nil
}

// wastedUsage returns the usage of samples that will not be finished.
func wastedUsage(samples []*sample, u usage, model reasoning.Model) reasoning.Usage {
	generated := 0
	for _, s := range samples {
		generated += s.count.least()
	}
	return u.with(generated, model)
}

// cutText returns the length of the longest text that the first tokens begin, at most that
// of text, and not within a character.
func cutText(text string, tokens []modelserver.Token) int {
	n := 0
	for _, t := range tokens {
		n += len(t.Text)
	}
	n = min(n, len(text))
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}
