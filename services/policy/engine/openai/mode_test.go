package openai

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// solution is what the model of a stand-in generates.
var solution = []string{"Two", " and", " two", ".\n\n", "So", " \\boxed{4}", "."}

// An outcome is what Expand makes of a mode of a server.
type outcome struct {
	err      error  // nil: a child
	message  string // of the error: a part of it
	attempts int    // requests that reach the server
	more     bool   // the server may generate more than it has sent: its connection was closed
	delay    time.Duration
}

// continued is the outcome of a text that breaks off, with a template that is a chat or not.
func continued(chat bool, attempts int, message string) outcome {
	if chat {
		return outcome{err: reasoning.ErrUnavailable, message: message, attempts: 1}
	}
	return outcome{attempts: attempts}
}

// outcomeOf returns the outcome of a mode for one child of at most 64 tokens.
func outcomeOf(m modelservertest.Mode, chat bool) outcome {
	switch m {
	case modelservertest.ModeAbort:
		return continued(chat, 2, "the server aborted the text")
	case modelservertest.ModeAbortAlways:
		o := outcome{err: reasoning.ErrUnavailable, attempts: 1}
		if !chat { // the text arrives, but never its end
			o.attempts, o.message = 1+maxContinuations, "(after 7 tokens)"
		}
		return o
	case modelservertest.ModeDies:
		return continued(chat, 4, "the server aborted the text")
	case modelservertest.ModeCut:
		return continued(chat, 2, "EOF")
	case modelservertest.ModeErrorEvent:
		return continued(chat, 2, "EngineCore died")
	case modelservertest.ModeAbortEmpty:
		return outcome{err: reasoning.ErrUnavailable, attempts: 1}
	case modelservertest.ModeRestarting:
		return outcome{err: reasoning.ErrUnavailable, message: "Loading model", attempts: 1}
	case modelservertest.ModeThrottled:
		return outcome{err: reasoning.ErrOverloaded, message: "Rate limit reached", attempts: 1}
	case modelservertest.ModeThrottledSeconds:
		return outcome{err: reasoning.ErrOverloaded, message: "Rate limit reached", attempts: 1, delay: 7 * time.Second}
	case modelservertest.ModeThrottledDate:
		return outcome{err: reasoning.ErrOverloaded, message: "Rate limit reached", attempts: 1, delay: 90 * time.Second}
	case modelservertest.ModeRefused:
		return outcome{err: reasoning.ErrUnavailable, message: "connection refused"}
	case modelservertest.ModeUnauthorized:
		return outcome{err: modelserver.ErrKey, message: "set PONDER_POLICY_API_KEY", attempts: 1}
	case modelservertest.ModeOtherModel:
		return outcome{err: policy.ErrModel, message: "check --policy-model", attempts: 1}
	case modelservertest.ModePage:
		return outcome{err: modelserver.ErrResponse, message: "check --policy-url", attempts: 1}
	case modelservertest.ModeNaN:
		return outcome{err: modelserver.ErrResponse, message: "has the number NaN", attempts: 1, more: true}
	case modelservertest.ModeHugeLine:
		return outcome{err: modelserver.ErrResponse, message: "an event has more than 4194304 bytes", attempts: 1, more: true}
	case modelservertest.ModeOverstates:
		return outcome{err: modelserver.ErrResponse, message: "where at most 64 were allowed", attempts: 1, more: true}
	}
	return outcome{attempts: 1}
}

// otherModes are tested in bubbles of synctest, or have other expectations.
var otherModes = map[modelservertest.Mode]bool{
	modelservertest.ModeSlow: true, modelservertest.ModeKeepAlive: true, modelservertest.ModeSilent: true,
	modelservertest.ModeToolCalls: true, modelservertest.ModeReasoning: true, modelservertest.ModeReasoningContent: true,
	modelservertest.ModeReasoningOnly: true, modelservertest.ModeThinksForEver: true,
	modelservertest.ModeIgnoresLimit: true, modelservertest.ModeOverstatesALittle: true,
}

// standIn starts a server and returns an engine for it.
func standIn(t *testing.T, format string, o modelservertest.Options) (*modelservertest.Server, *Engine) {
	t.Helper()
	if o.Text == nil {
		o.Text = solution
	}
	s := modelservertest.Start(t, o)
	return s, newEngine(t, Config{
		BaseURL: s.URL, Model: modelservertest.ModelName, Dialect: Dialect(o.Wire.String()), Template: lookup(t, format),
	})
}

func lookup(t *testing.T, name string) template.Template {
	t.Helper()
	tmpl, err := template.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// expand returns the only child of a request, or the wasted usage with an error.
func expand(t *testing.T, e *Engine, r policy.Request) (policy.Child, error) {
	t.Helper()
	children := 0
	var child policy.Child
	var last error
	for child, last = range e.Expand(t.Context(), r) {
		children++
	}
	if children != 1 {
		t.Fatalf("got %d children or errors, want one", children)
	}
	return child, last
}

// checkOutcome compares what Expand returned with what it should return, and the bill with
// what the server generated and read.
func checkOutcome(t *testing.T, s *modelservertest.Server, want outcome, child policy.Child, err error) {
	t.Helper()
	switch {
	case want.err == nil && err != nil:
		t.Errorf("got error %v, want a child", err)
	case want.err == nil && !(reasoning.Join(child.Steps) == strings.Join(solution, "") &&
		child.Finish == reasoning.FinishEnd):
		t.Errorf("got %q by %v, want the whole solution", reasoning.Join(child.Steps), child.Finish)
	case !errors.Is(err, want.err) || !strings.Contains(fmt.Sprint(err), want.message):
		t.Errorf("got error %v, want %v with %q", err, want.err, want.message)
	case reasoning.Delay(err) != want.delay:
		t.Errorf("got a delay of %v, want %v", reasoning.Delay(err), want.delay)
	case err != nil && reasoning.Transient(err) == reasoning.Permanent(err):
		t.Errorf("error %v is transient: %v, permanent: %v", err, reasoning.Transient(err), reasoning.Permanent(err))
	}
	if got := len(s.Requests()); got != want.attempts {
		t.Errorf("the server got %d requests, want %d", got, want.attempts)
	}
	generated, _ := s.Generated()
	if billed := int(child.Usage.Generated); billed != generated && !(want.more && billed < generated) {
		t.Errorf("billed %d tokens, the server generated %d", billed, generated)
	}
	if sum := tokensOf(child); want.err == nil && sum != child.Usage.Generated {
		t.Errorf("billed %d tokens, %d of them in steps", child.Usage.Generated, sum)
	}
}

func tokensOf(c policy.Child) (sum int64) {
	for _, s := range c.Steps {
		sum += int64(s.Tokens)
	}
	return sum
}

// Whatever a server does, a child is whole, or there is one error that says who can do what;
// the bill has what the server generated; and nothing is requested twice.
func TestModes(t *testing.T) {
	for _, mode := range modelservertest.Modes() {
		for _, wire := range []modelservertest.Wire{
			modelservertest.WireVLLM, modelservertest.WireLlamaCpp, modelservertest.WireOpenAI,
		} {
			for _, format := range []string{"steps", "steps-chatml"} {
				if otherModes[mode] {
					continue
				}
				t.Run(fmt.Sprintf("%v/%v/%s", mode, wire, format), func(t *testing.T) {
					want := outcomeOf(mode, format == "steps")
					native := wire == modelservertest.WireLlamaCpp && format == "steps-chatml"
					if mode == modelservertest.ModeAbortEmpty && native {
						want.message = "EOF" // no reason is sent
					}
					run := func(t *testing.T, s *modelservertest.Server, e *Engine) {
						child, err := expand(t, e, newRequest(policy.Whole, 0))
						if wire == modelservertest.WireOpenAI && mode == modelservertest.ModeOverstates {
							want.more = false // it states the tokens at the end
						}
						checkOutcome(t, s, want, child, err)
					}
					if mode == modelservertest.ModeDies || mode == modelservertest.ModeAbortAlways { // the engine waits
						synctest.Test(t, func(t *testing.T) { run(bubbled(t, format, modelservertest.Options{Wire: wire, Mode: mode})) })
						return
					}
					s, e := standIn(t, format, modelservertest.Options{Wire: wire, Mode: mode})
					run(t, s, e)
				})
			}
		}
	}
}

// bubbled is standIn for a bubble of synctest.
func bubbled(t *testing.T, format string, o modelservertest.Options) (*testing.T, *modelservertest.Server, *Engine) {
	t.Helper()
	o.Text = solution
	s := modelservertest.StartPiped(t, o)
	return t, s, newEngine(t, Config{
		BaseURL: s.URL, Model: modelservertest.ModelName, Dialect: Dialect(o.Wire.String()), Template: lookup(t, format),
		Transport: s.Transport(), Idle: time.Minute,
	})
}

// A server is waited for while it sends anything, and no longer.
func TestSlowServers(t *testing.T) {
	for _, test := range []struct {
		mode  modelservertest.Mode
		pause time.Duration
		took  time.Duration
		err   error
	}{
		{modelservertest.ModeSlow, 50 * time.Second, 350 * time.Second, nil},
		{modelservertest.ModeSlow, 61 * time.Second, time.Minute, reasoning.ErrUnavailable},
		{modelservertest.ModeKeepAlive, 50 * time.Second, 250 * time.Second, nil},
		{modelservertest.ModeSilent, 47 * time.Second, time.Hour + drainQuiet*drainTick, context.DeadlineExceeded},
		{modelservertest.ModeSilent, 61 * time.Second, time.Minute, reasoning.ErrUnavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, s, e := bubbled(t, "steps-chatml", modelservertest.Options{Mode: test.mode, Pause: test.pause})
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			var child policy.Child
			var err error
			for child, err = range e.Expand(ctx, newRequest(policy.Whole, 0)) {
			}
			if took := time.Since(began); took != test.took || !errors.Is(err, test.err) {
				t.Errorf("%v, %v: got %v after %v, want %v after %v", test.mode, test.pause, err, took, test.err, test.took)
			}
			if err == nil {
				checkOutcome(t, s, outcome{attempts: 1}, child, err)
			}
		})
	}
}
