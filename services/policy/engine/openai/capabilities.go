package openai

import (
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// documented returns what a kind of server can do by its documentation.
func documented(d Dialect, t template.Template) policy.Capabilities {
	c := policy.Capabilities{
		Attempts: reasoning.SupportOf(t.Check(template.Text{Attempts: []string{"1"}}) == nil),
		Stops:    reasoning.SupportYes, // this package cuts the text
	}
	switch d {
	case DialectVLLM, DialectSGLang:
		c.Continues = reasoning.SupportYes // continue_final_message
		fallthrough
	case DialectLlamaCpp: // refuses to continue a chat of a model that thinks
		c.Counts, c.LogProbs = reasoning.SupportYes, reasoning.SupportYes
	case DialectOllama:
		c.Continues = reasoning.SupportYes
	}
	if !t.Chat {
		c.Continues = reasoning.SupportYes
	}
	return c
}

// capabilities returns what the server can do: what its responses showed, and otherwise its
// documentation. The caller holds e.mu.
func (e *Engine) capabilities() policy.Capabilities {
	c := documented(e.dialect, e.config.Template)
	for _, f := range []struct {
		stated *reasoning.Support
		shown  reasoning.Support
	}{{&c.Counts, e.shown.Counts}, {&c.LogProbs, e.shown.LogProbs}, {&c.Continues, e.shown.Continues}} {
		if f.shown != reasoning.SupportUnknown {
			*f.stated = f.shown
		}
	}
	if e.context > 0 {
		own := strings.Join(strings.Fields(e.config.Template.Prompt(template.Text{})), " ")
		c.Input.Tokens = max(1, e.context-c.Input.Least(own)-1) // a token is generated
		if e.dialect == DialectVLLM || e.dialect == DialectSGLang {
			c.Total = e.context
		}
	}
	return c
}

// show records what a response showed of the server.
func (e *Engine) show(samples []*sample) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range samples {
		if s.shown.text {
			e.shown.Counts = reasoning.SupportOf(s.shown.counted)
			e.shown.LogProbs = reasoning.SupportOf(s.shown.logProbs)
		}
	}
}
