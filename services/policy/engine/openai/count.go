package openai

import (
	"fmt"
	"math"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
)

// overshoot is by how many tokens a server may exceed a limit with text that is kept: it
// may count the end-of-text token, or the rest of a stop string.
const overshoot = 8

// A count counts the tokens of a sample.
type count struct {
	before int // of earlier requests
	listed int // in the current request: those with log-probabilities
	stated int // in the current request: the sum that the server states, 0 if it states none
	events int // in the current request: events with text or a call of a tool, each of at least one token
}

// total returns the number of tokens, 0 if it is not known.
func (c *count) total() int { return c.before + max(c.listed, c.stated) }

// least returns a number of tokens that were generated at least.
func (c *count) least() int { return c.before + max(c.listed, c.stated, c.events) }

// next begins the count of another request.
func (c *count) next() { *c = count{before: c.total()} }

// admit counts the tokens of an event, cuts the event where the sample has as many tokens as
// it may have, and returns the tokens that are left. It returns an error if the server
// states an implausible number: more than twice what it was allowed, and more than it sends.
func (s *sample) admit(e *event) ([]modelserver.Token, error) {
	c, allowed := &s.count, s.limit-s.count.before
	had := max(c.listed, c.stated)
	c.listed += len(e.tokens)
	if e.sampled < 0 || e.sampled > max(c.listed, 2*allowed+overshoot) {
		return nil, reasoning.Mark(fmt.Errorf("states %d tokens where at most %d were allowed", e.sampled, allowed),
			modelserver.ErrResponse)
	}
	c.stated = max(c.stated, e.sampled)
	if e.reasoning+e.text == "" && !e.tools {
		return e.tokens, nil
	}
	c.events++
	if !e.tools {
		s.shown.text, s.shown.counted = true, max(c.listed, c.stated) > 0
		s.shown.logProbs = s.shown.logProbs || len(e.tokens) > 0
	}
	if s.finish != 0 {
		return e.tokens, nil
	}
	switch n := len(e.tokens); {
	case n > 0 && c.listed > allowed:
		e.tokens = e.tokens[:max(0, allowed-(c.listed-n))]
		e.keep(cutText(e.reasoning+e.text, e.tokens))
	case n > 0:
	case had > 0 && had >= allowed, c.stated > allowed+overshoot, c.events > 8*allowed+64: // a proxy may split tokens
		e.keep(0)
	}
	return e.tokens, nil
}

// keep cuts the text of e at n bytes.
func (e *event) keep(n int) {
	e.cut = true
	thought := min(n, len(e.reasoning))
	e.reasoning, e.text = e.reasoning[:thought], e.text[:n-thought]
}

// A usage is what a server states of a request.
type usage struct{ prompt, cached, generated int }

// add returns the sum of the usage of two requests.
func (u usage) add(v usage) usage {
	return usage{u.prompt + v.prompt, u.cached + v.cached, u.generated + v.generated}
}

// with returns the usage of work with a number of generated tokens.
func (u usage) with(generated int, model reasoning.Model) reasoning.Usage {
	prompt := int64(u.prompt - u.cached)
	return reasoning.Usage{
		Generated: int64(generated),
		Prompt:    prompt,
		Cached:    int64(u.cached),
		FLOPs:     model.FLOPs(prompt + int64(generated)),
	}
}

// check returns an error if the numbers cannot be those of a prompt of size bytes: a token
// has at least a byte, and a server adds its own text for a chat.
func (u usage) check(size int) error {
	const own = 16 << 10
	if u.cached < 0 || u.prompt < u.cached || u.prompt > size+own || u.generated < 0 || u.generated > math.MaxInt32 {
		return reasoning.Mark(fmt.Errorf("states %d tokens of the prompt, %d of them cached, and %d generated",
			u.prompt, u.cached, u.generated), modelserver.ErrResponse)
	}
	return nil
}
