package openai

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// An engine states what a server documents, and asks one that does not for one token, once. What
// the responses show replaces what it stated.
func TestCapabilitiesAreThoseOfTheServer(t *testing.T) {
	const unknown, yes, no = reasoning.SupportUnknown, reasoning.SupportYes, reasoning.SupportNo
	type options = modelservertest.Options
	for _, test := range []struct {
		server   options
		format   string
		ready    policy.Capabilities // when the engine is ready
		asked    int                 // requests by then
		expanded policy.Capabilities // after a sample
	}{
		{
			server: options{Wire: modelservertest.WireVLLM}, format: "steps",
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
			expanded: policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
		},
		{
			server: options{Wire: modelservertest.WireVLLM, Mode: modelservertest.ModeNoLogprobs}, format: "steps-chatml",
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
			expanded: policy.Capabilities{Counts: yes, LogProbs: no, Continues: yes},
		},
		{
			server: options{Wire: modelservertest.WireVLLM, Mode: modelservertest.ModeUncounted}, format: "steps-chatml",
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
			expanded: policy.Capabilities{Counts: no, LogProbs: no, Continues: yes},
		},
		{
			server: options{Wire: modelservertest.WireLlamaCpp, Mode: modelservertest.ModeNoLogprobs}, format: "steps-chatml",
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
			expanded: policy.Capabilities{Counts: yes, LogProbs: no, Continues: yes},
		},
		{
			server: options{Wire: modelservertest.WireLlamaCpp}, format: "steps", asked: 1,
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
			expanded: policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
		},
		{
			server: options{Wire: modelservertest.WireLlamaCpp, NoContinue: true}, format: "think", asked: 2,
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: no},
			expanded: policy.Capabilities{Counts: yes, LogProbs: yes, Continues: no},
		},
		{
			server: options{Wire: modelservertest.WireOpenAI}, format: "steps-chatml", asked: 1,
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
			expanded: policy.Capabilities{Counts: yes, LogProbs: yes, Continues: yes},
		},
		{
			server: options{Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeUncounted}, format: "steps", asked: 1,
			ready:    policy.Capabilities{Counts: no, LogProbs: no, Continues: unknown},
			expanded: policy.Capabilities{Counts: no, LogProbs: no, Continues: unknown},
		},
		{
			server: options{Wire: modelservertest.WireOpenAI, NoContinue: true}, format: "steps", asked: 2,
			ready:    policy.Capabilities{Counts: yes, LogProbs: yes, Continues: no},
			expanded: policy.Capabilities{Counts: yes, LogProbs: yes, Continues: no},
		},
		{ // a probe that fails shows nothing
			server: options{Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeToolCalls}, format: "steps", asked: 1,
			ready: policy.Capabilities{}, expanded: policy.Capabilities{},
		},
	} {
		t.Run(fmt.Sprint(test.server.Wire, " ", test.server.Mode, " ", test.format, " ", test.server.NoContinue), func(t *testing.T) {
			s, e := standIn(t, test.format, test.server)
			check := func(when string, want policy.Capabilities) {
				t.Helper()
				want.Attempts, want.Stops = yes, yes
				if got, err := e.Model(t.Context()); err != nil || got.Capabilities != want {
					t.Errorf("%s: got %+v and error %v, want %+v", when, got.Capabilities, err, want)
				}
			}
			for range 2 { // the second asks for nothing
				if err := e.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := len(s.Requests()); n != test.asked {
					t.Errorf("the server got %d requests, want %d", n, test.asked)
				}
			}
			if generated, _ := s.Generated(); generated > min(test.asked, 1) {
				t.Errorf("the server has generated %d tokens, want at most one for a probe", generated)
			}
			check("ready", test.ready)
			expand(t, e, newRequest(policy.Whole, 0))
			check("after a sample", test.expanded)
		})
	}
}

// The context that a server tells bounds the problem and, where the server refuses more, max_tokens:
// one token more than stated is refused by the server. A context that the server does not state bounds nothing.
func TestContextIsThatOfTheServer(t *testing.T) {
	for wire, refuses := range map[modelservertest.Wire]bool{
		modelservertest.WireVLLM: true, modelservertest.WireLlamaCpp: false,
	} {
		s, e := standIn(t, "steps-chatml", modelservertest.Options{Wire: wire, Context: 64})
		if err := e.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		m, err := e.Model(t.Context())
		if err != nil || m.Input.Tokens <= 0 || (m.Total == 64) != refuses {
			t.Fatalf("%v: got %+v and error %v, want the room for a problem, and a total of 64: %v", wire, m.Capabilities, err, refuses)
		}
		problem := func(words int) policy.Request {
			r := newRequest(policy.Whole, 0)
			r.Problem = ""
			for range words {
				r.Problem += "1 "
			}
			r.Sampling.MaxTokens = 1
			return r
		}
		if _, err := collect(t, e, problem(m.Input.Tokens)); err != nil {
			t.Errorf("%v: a problem of %d tokens: got %v", wire, m.Input.Tokens, err)
		}
		if _, err := collect(t, e, problem(m.Input.Tokens+2)); !errors.Is(err, reasoning.ErrInvalid) { // the template's own words may join those of the problem
			t.Errorf("%v: a problem of %d tokens: got %v, want it refused", wire, m.Input.Tokens+2, err)
		}
		if prompt := s.Requests()[0].Prompt; prompt >= 64 {
			t.Errorf("%v: the prompt has %d tokens", wire, prompt)
		}
		if refuses {
			r := problem(1)
			r.Sampling.MaxTokens = m.Total
			if _, err := collect(t, e, r); !errors.Is(err, reasoning.ErrInvalid) {
				t.Errorf("%v: max_tokens %d: got %v, want it refused", wire, m.Total, err)
			}
		}
	}
	_, e := standIn(t, "steps-chatml", modelservertest.Options{Wire: modelservertest.WireVLLM})
	if err := e.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m, _ := e.Model(t.Context()); m.Total != 0 || m.Input != (reasoning.Input{}) {
		t.Errorf("no context stated: got %+v", m.Capabilities)
	}
}

// An engine is not ready while the server works on the token of the probe, which goes on when a
// check of readiness gives up. A server that cannot be reached is asked again later.
func TestProbeTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := modelservertest.StartPiped(t, modelservertest.Options{
			Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeSlow, Pause: 10 * time.Second, Text: solution,
		})
		e := newEngine(t, Config{BaseURL: s.URL, Model: modelservertest.ModelName, Dialect: DialectGeneric,
			Template: lookup(t, "steps-chatml"), Transport: s.Transport()})
		ready := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return e.Ready(ctx)
		}
		began := time.Now()
		for ready() != nil {
		}
		if took := time.Since(began); took < 9*time.Second || took > 30*time.Second || len(s.Requests()) != 1 {
			t.Errorf("ready after %v and %d requests, want one of 10s", took, len(s.Requests()))
		}
		if m, _ := e.Model(t.Context()); m.LogProbs != reasoning.SupportYes {
			t.Errorf("got %+v", m.Capabilities)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := modelservertest.StartPiped(t, modelservertest.Options{Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeAbortEmpty, Text: solution})
		e := newEngine(t, Config{BaseURL: s.URL, Model: modelservertest.ModelName, Dialect: DialectGeneric,
			Template: lookup(t, "steps-chatml"), Transport: s.Transport()})
		for range 20 {
			if err := e.Ready(t.Context()); err != nil {
				t.Errorf("a probe that the server aborts: got %v, want the engine as ready as before", err)
			}
			time.Sleep(2 * time.Second)
		}
		if m, _ := e.Model(t.Context()); m.LogProbs != reasoning.SupportUnknown || len(s.Requests()) != 4 {
			t.Errorf("got %+v after %d requests in 40s, want nothing known after 4", m.Capabilities, len(s.Requests()))
		}
	})
}

// Close ends a probe, of which the stream is still read for some milliseconds.
func TestCloseEndsTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := modelservertest.StartPiped(t, modelservertest.Options{
			Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeSilent, Pause: time.Second, Text: solution,
		})
		e, err := New(Config{BaseURL: s.URL, Model: modelservertest.ModelName, Dialect: DialectGeneric,
			Template: lookup(t, "steps-chatml"), Transport: s.Transport()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := e.Ready(ctx); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		began := time.Now()
		if e.Close(); time.Since(began) > 250*time.Millisecond {
			t.Errorf("closed after %v", time.Since(began))
		}
	})
}
