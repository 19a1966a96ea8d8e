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
	until    string // ends it, if not empty
	steps    []reasoning.Step
	open     reasoning.Step   // being written
	finish   reasoning.Finish // 0 as long as it goes on
	sampled  int              // tokens, as far as the server told the sum
	heard    bool             // something was said of it
	ended    bool             // the server said that it ends
	over     bool             // text came after the last step that was wanted
}

// add takes in an event. What comes after the finish is only counted.
func (s *sample) add(e event) error {
	s.heard = true
	s.sampled = max(s.sampled, e.sampled)
	tokens := e.tokens
	at, begin := 0, 0 // how far the text is taken, and where the next token begins in it
	for at < len(e.text) && s.finish == 0 {
		n, whole := s.untilMark(e.text[at:])
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
	s.over = s.over || at < len(e.text)
	s.count(tokens)
	s.ended = s.ended || e.finish != ""
	if !s.ended || s.finish != 0 {
		return nil
	}
	switch {
	case e.finish == "length":
		s.finish = reasoning.FinishLength
	case e.finish != "stop":
		return fmt.Errorf("server ended the text for the reason %.100q, which is neither stop nor length", e.finish)
	case e.stopped == s.template.Delimiter:
		s.open.Text += e.stopped
		s.close()
	default:
		s.finish = reasoning.FinishEnd
	}
	if last := len(s.steps) - 1; last >= 0 && s.open.Text == "" { // what ended the text has none of its own
		s.steps[last].Tokens += s.open.Tokens
		s.steps[last].LogProb += s.open.LogProb
	} else {
		s.steps = append(s.steps, s.open)
	}
	s.open = reasoning.Step{}
	return nil
}

// untilMark is how many bytes of text belong to the open step, and whether they make
// it whole. What ends it may have begun in an earlier event.
func (s *sample) untilMark(text string) (n int, whole bool) {
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

// close ends the open step at its delimiter, or at what the sample runs until.
func (s *sample) close() {
	s.steps = append(s.steps, s.open)
	switch {
	case s.template.Ended(s.open.Text):
		s.finish = reasoning.FinishEnd
	case s.until != "" && strings.HasSuffix(s.open.Text, s.until):
		s.finish = reasoning.FinishStep
	case len(s.steps) == s.span: // never, if it is Whole
		s.finish = reasoning.FinishStep
	}
	s.open = reasoning.Step{}
}

// count books tokens on the open step, or, once it is finished, on the last one.
// What was sampled after the cut was paid for but has no part in the step's
// probability.
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

var errUncounted = errors.New("server tells neither log-probabilities nor usage before a step is cut, so its tokens cannot be counted")

// tokens of the sample until now: those that were told one by one, and all.
func (s *sample) tokens() (told, total int) {
	told = s.open.Tokens
	for _, step := range s.steps {
		told += step.Tokens
	}
	return told, max(s.sampled, told)
}

// vain is the usage of samples that will not be finished.
func vain(samples []*sample, model reasoning.Model) reasoning.Usage {
	written := 0
	for _, s := range samples {
		_, total := s.tokens()
		written += total
	}
	return reasoning.Usage{Generated: int64(written), FLOPs: model.FLOPs(int64(written))}
}

// child is the finished sample. Tokens that were told only as a sum, such as the
// one that ends a text, are booked on the last step.
func (s *sample) child(ordinal int, model reasoning.Model, u usage) (policy.Child, error) {
	told, total := s.tokens()
	if total == 0 && reasoning.Join(s.steps) != "" {
		return policy.Child{}, errUncounted
	}
	s.steps[len(s.steps)-1].Tokens += total - told
	read := int64(u.prompt - u.cached)
	return policy.Child{
		Ordinal: ordinal,
		Steps:   s.steps,
		Finish:  s.finish,
		Usage: reasoning.Usage{
			Generated: int64(total),
			Prompt:    read,
			Cached:    int64(u.cached),
			FLOPs:     model.FLOPs(read + int64(total)),
		},
	}, nil
}
