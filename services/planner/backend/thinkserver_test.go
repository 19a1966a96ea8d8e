package backend

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A thinker is a stand-in of a model server whose model thinks, with an engine on it.
type thinker struct {
	*modelservertest.Server
	engine *openai.Engine
	format template.Template
}

// newThinker starts a stand-in and returns it with an engine of the prompt template.
func newThinker(t *testing.T, o modelservertest.Options, format string) thinker {
	t.Helper()
	s := modelservertest.Start(t, o)
	tmpl := lookup(t, format)
	e, err := openai.New(openai.Config{
		BaseURL: s.URL, Model: modelservertest.ModelName, Template: tmpl, Dialect: openai.Dialect(o.Wire.String()),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return thinker{s, e, tmpl}
}

// wires returns the formats of responses in which a stand-in sends its thinking: as text, and in each field of a chat
// that a server is known to use.
func wires() (all []modelservertest.Options) {
	for _, wire := range []modelservertest.Wire{
		modelservertest.WireVLLM, modelservertest.WireLlamaCpp, modelservertest.WireOpenAI,
	} {
		for _, field := range []string{"reasoning", "reasoning_content"} {
			all = append(all, modelservertest.Options{
				Wire: wire, Field: field, Thinking: []string{"Hm", ",", " so", "."}, Text: []string{" 4", "."},
			})
		}
	}
	return all
}

// Budget forcing holds on servers that ignore every limit and never end a thought, whichever
// way they send it: "we enforce a maximum token count by simply appending the end-of-thinking
// token delimiter" (s1, §3.1). What the server sent beyond the bound is on the bill. The
// control is a whole sample without a bound, which is cut at its limit and has no answer.
func TestThinkHoldsOnServersThatNeverEndThinking(t *testing.T) {
	for _, o := range wires() {
		for format, begin := range map[string]string{"think": "<think>\n", "think-chatml": ""} {
			o.Mode = modelservertest.ModeThinksForEver
			t.Run(fmt.Sprintf("%v/%s/%s", o.Wire, format, o.Field), func(t *testing.T) {
				s := newThinker(t, o, format)
				r := ask(2)
				r.Span, r.Sampling.MaxTokens = policy.Whole, 40
				thought := func(n int) string { return begin + strings.Join(slices.Repeat(o.Thinking, 20)[:n], "") }

				meter := Meter(policyOnly(s.engine), Budget{}, reasoning.Model{}, reasoning.Model{})
				got, err := children(t.Context(), Think(meter, Thinking{Mode: ModeForce, Max: 10}, s.format), r)
				if err != nil || len(got) != 2 {
					t.Fatalf("got %d children and error %v", len(got), err)
				}
				var billed int64
				for _, c := range got {
					want := thought(10) + "\n</think>\n\nFinal Answer: 4."
					if text := reasoning.Join(c.Steps); text != want || c.Finish != reasoning.FinishEnd {
						t.Errorf("got %q by %v, want %q", text, c.Finish, want)
					}
					if n := tokens(c.Steps); n != 12 || c.Usage.Generated != 13 {
						t.Errorf("got %d tokens in steps and %d on the bill, want 12, and one that is wasted", n, c.Usage.Generated)
					}
					billed += c.Usage.Generated
				}
				if bill := meter.Bill().Policy.Generated; bill != billed {
					t.Errorf("the bill has %d tokens, the children have %d", bill, billed)
				}
				if n := len(s.Requests()); n != 4 {
					t.Errorf("the server got %d requests, want two for each child", n)
				}

				control, err := children(t.Context(), policyOnly(s.engine), r)
				if err != nil || len(control) != 2 {
					t.Fatalf("control: got %d children and error %v", len(control), err)
				}
				if c := control[0]; reasoning.Join(c.Steps) != thought(40) || c.Finish != reasoning.FinishLength {
					t.Errorf("control: got %q by %v, want 40 tokens of thinking", reasoning.Join(c.Steps), c.Finish)
				}
			})
		}
	}
}

// A server that ignores max_tokens gets no more thinking and no more answer into a child than their bounds allow: 3
// tokens of thinking, and 10 of both. The first token beyond each bound is on the bill as wasted.
func TestThinkHoldsOnServersThatIgnoreMaxTokens(t *testing.T) {
	for _, o := range wires() {
		for _, format := range []string{"think", "think-chatml"} {
			o.Mode, o.Text = modelservertest.ModeIgnoresLimit, []string{" 4", ".", " That", " is", " 2", "+", "2", ",", " I", " say"}
			t.Run(fmt.Sprintf("%v/%s/%s", o.Wire, format, o.Field), func(t *testing.T) {
				s := newThinker(t, o, format)
				r := ask(1)
				r.Span, r.Sampling.MaxTokens = policy.Whole, 10
				meter := Meter(policyOnly(s.engine), Budget{}, reasoning.Model{}, reasoning.Model{})
				got, err := children(t.Context(), Think(meter, Thinking{Mode: ModeForce, Max: 3}, s.format), r)
				if err != nil || len(got) != 1 {
					t.Fatalf("got %d children and error %v", len(got), err)
				}
				c := got[0]
				const want = "Hm, so\n</think>\n\nFinal Answer: 4. That is 2+2"
				if text := reasoning.Join(c.Steps); text != want || c.Finish != reasoning.FinishLength {
					t.Errorf("got %q by %v, want %q, cut", text, c.Finish, want)
				}
				if n := tokens(c.Steps); n != 10 || c.Usage.Generated != 12 || meter.Bill().Policy.Generated != 12 {
					t.Errorf("got %d tokens in steps, %d of the child, %d on the bill; want 10, and 2 that are wasted",
						n, c.Usage.Generated, meter.Bill().Policy.Generated)
				}
				control, err := children(t.Context(), policyOnly(s.engine), r)
				if err != nil || len(control) != 1 || tokens(control[0].Steps) != 10 || strings.Contains(reasoning.Join(control[0].Steps), "Answer") {
					t.Errorf("control: got %+v and error %v, want 10 tokens without a forced answer", control, err)
				}
			})
		}
	}
}

// With ModeReject, thinking that never ends is discarded, generated again and at last truncated. Each try is on the
// bill.
func TestRejectHoldsOnServersThatNeverEndThinking(t *testing.T) {
	for _, o := range wires() {
		o.Mode = modelservertest.ModeThinksForEver
		t.Run(fmt.Sprintf("%v/%s", o.Wire, o.Field), func(t *testing.T) {
			s := newThinker(t, o, "think")
			r := ask(1)
			r.Span, r.Sampling.MaxTokens = policy.Whole, 40
			meter := Meter(policyOnly(s.engine), Budget{}, reasoning.Model{}, reasoning.Model{})
			got, err := children(t.Context(), Think(meter, Thinking{Mode: ModeReject, Max: 10}, s.format), r)
			if err != nil || len(got) != 1 || got[0].Finish != reasoning.FinishLength || tokens(got[0].Steps) != 10 {
				t.Fatalf("got %+v and error %v, want a child that is cut after 10 tokens", got, err)
			}
			// Each of the tries has a token beyond the bound.
			if n := meter.Bill().Policy.Generated; n != 11*MaxTries || len(s.Requests()) != MaxTries {
				t.Errorf("billed %d tokens of %d requests, want %d tries of 11", n, len(s.Requests()), MaxTries)
			}
		})
	}
}

// What a failed attempt wasted is on the bill, and is no thinking of the child: a bound of 7
// tokens leaves room to go on after thinking of 5, although 3 were wasted before it.
func TestWasteIsNoThinking(t *testing.T) {
	s := newThinker(t, modelservertest.Options{
		Mode: modelservertest.ModeAbort, Thinking: []string{"Hm", ",", " so", "."}, Text: []string{" 4", "."},
	}, "think") // a chat, whose aborted text is not continued
	r := ask(1)
	r.Span, r.Sampling.MaxTokens = policy.Whole, 40
	b := Retry(policyOnly(s.engine), Backoff{First: 1})
	got, err := children(t.Context(), Think(b, Thinking{Mode: ModeForce, Max: 7, Waits: 1}, s.format), r)
	if err != nil || len(got) != 1 {
		t.Fatalf("got %d children and error %v", len(got), err)
	}
	const want = "Hm, so.WaitHm,\n</think>\n\nFinal Answer: 4."
	if text := reasoning.Join(got[0].Steps); text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	generated, _ := s.Generated() // the server may not notice at once that a stream is closed
	if n := got[0].Usage.Generated; n > int64(generated) || n-tokens(got[0].Steps) != 3 {
		t.Errorf("billed %d tokens, %d of them in steps; the server generated %d", n, tokens(got[0].Steps), generated)
	}
}

// Nothing may replace a suppressed end of thinking: the model then goes on where the end stood, as in s1's ablation of
// strings (Muennighoff et al. 2025, §5.2). A request says so, or its template has no text. The control has one.
func TestEmptyWait(t *testing.T) {
	const empty, wait = "Hm, so.</think>\n 4.", "Hm, so.WaitHm, so.</think>\n 4."
	for _, test := range []struct {
		template string
		how      Thinking
		want     string
	}{
		{"Wait", Thinking{EmptyWait: true}, empty},
		{"", Thinking{}, empty},
		{"Wait", Thinking{}, wait},
		{"", Thinking{Wait: "Wait"}, wait},
	} {
		s := newThinker(t, modelservertest.Options{
			Thinking: []string{"Hm", ",", " so", "."}, Text: []string{" 4", "."},
		}, "think-chatml")
		s.format.Thinking.Wait = test.template
		r := ask(1)
		r.Span, r.Sampling.MaxTokens = policy.Whole, 40
		test.how.Mode, test.how.Max, test.how.Waits = ModeForce, 30, 1
		got, err := children(t.Context(), Think(policyOnly(s.engine), test.how, s.format), r)
		if err != nil || len(got) != 1 || reasoning.Join(got[0].Steps) != test.want {
			t.Errorf("%+v: got %+v and error %v, want %q", test, got, err, test.want)
		}
		if n := len(s.Requests()); n != 3 {
			t.Errorf("%+v: the server got %d requests, want one for each thinking and one for the answer", test, n)
		}
	}
}
