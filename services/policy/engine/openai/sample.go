package openai

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A sample cuts the stream of one choice into steps.
type sample struct {
	template template.Template
	span     int
	until    string // ends the sample, if not empty

	steps    []reasoning.Step // complete
	open     reasoning.Step   // incomplete
	finish   reasoning.Finish // 0 while the sample is unfinished
	sampled  int              // tokens, if the server reports their sum
	received bool             // an event arrived
	ended    bool             // the server ended the choice
	overrun  bool             // text arrived after the finish
}

// add adds an event. It only counts the tokens that arrive after the finish.
func (s *sample) add(e event) error {
	s.received = true
	s.sampled = max(s.sampled, e.sampled)
	tokens := e.tokens
	at, begin := 0, 0 // offsets in the text: of the rest, and of the next token
	for at < len(e.text) && s.finish == 0 {
		n, whole := s.toStepEnd(e.text[at:])
		s.open.Text += e.text[at : at+n]
		at += n
		for len(tokens) > 0 && begin < at {
			begin += len(tokens[0].Text)
			s.count(tokens[:1])
			tokens = tokens[1:]
		}
		if whole {
			s.close()
		}
	}
	s.overrun = s.overrun || at < len(e.text)
	s.count(tokens)
	s.ended = s.ended || e.finish != ""
	if !s.ended || s.finish != 0 {
		return nil
	}
	switch {
	case e.finish == "length":
		s.finish = reasoning.FinishLength
	case e.finish != "stop":
		return fmt.Errorf("finish reason %.100q: must be stop or length", e.finish)
	case e.stopped == s.template.Delimiter:
		s.open.Text += e.stopped
		s.close()
	default:
		s.finish = reasoning.FinishEnd
	}
	if last := len(s.steps) - 1; last >= 0 && s.open.Text == "" { // an end-of-text token has no text
		s.steps[last].Tokens += s.open.Tokens
		s.steps[last].LogProb += s.open.LogProb
	} else {
		s.steps = append(s.steps, s.open)
	}
	s.open = reasoning.Step{}
	return nil
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

// count adds tokens to the open step or, after the finish, to the last step. Tokens
// after the finish are billed but do not change the step's log-probability.
func (s *sample) count(tokens []modelserver.Token) {
	if s.finish != 0 {
		s.steps[len(s.steps)-1].Tokens += len(tokens)
		return
	}
	s.open.Tokens += len(tokens)
	for _, t := range tokens {
		s.open.LogProb += min(0, t.LogProb)
	}
}

// errUncounted indicates that the tokens of a step that was cut are unknown.
var errUncounted = errors.New(
	"cannot count the tokens of a step: server sent neither log-probabilities nor usage before the cut")

// tokens returns the number of tokens in the steps so far, and of all tokens.
func (s *sample) tokens() (inSteps, total int) {
	inSteps = s.open.Tokens
	for _, step := range s.steps {
		inSteps += step.Tokens
	}
	return inSteps, max(s.sampled, inSteps)
}

// wastedUsage returns the usage of samples that will not be finished.
func wastedUsage(samples []*sample, model reasoning.Model) reasoning.Usage {
	generated := 0
	for _, s := range samples {
		_, total := s.tokens()
		generated += total
	}
	return reasoning.Usage{Generated: int64(generated), FLOPs: model.FLOPs(int64(generated))}
}

// child returns the finished sample. Tokens that the server reports only as part of a
// sum, such as the end-of-text token, are added to the last step.
func (s *sample) child(ordinal int, model reasoning.Model, u usage) (policy.Child, error) {
	inSteps, total := s.tokens()
	if total == 0 && reasoning.Join(s.steps) != "" {
		return policy.Child{}, errUncounted
	}
	s.steps[len(s.steps)-1].Tokens += total - inSteps
	prompt := int64(u.prompt - u.cached)
	return policy.Child{
		Ordinal: ordinal,
		Steps:   s.steps,
		Finish:  s.finish,
		Usage: reasoning.Usage{
			Generated: int64(total),
			Prompt:    prompt,
			Cached:    int64(u.cached),
			FLOPs:     model.FLOPs(prompt + int64(total)),
		},
	}, nil
}
