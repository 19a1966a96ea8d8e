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
)

// Budget forcing holds on servers that ignore every limit and never end a thought, whichever
// way they send it: "we enforce a maximum token count by simply appending the end-of-thinking
// token delimiter" (s1, §3.1). What the server sent beyond the bound is on the bill. The
// control is a whole sample without a bound, which is cut at its limit and has no answer.
func TestThinkHoldsOnServersThatNeverEndThinking(t *testing.T) {
	thoughts, answer := []string{"Hm", ",", " so", "."}, []string{" 4", "."}
	for _, wire := range []modelservertest.Wire{
		modelservertest.WireVLLM, modelservertest.WireLlamaCpp, modelservertest.WireOpenAI,
	} {
		for format, begin := range map[string]string{"think": "<think>\n", "think-chatml": ""} {
			t.Run(fmt.Sprintf("%v/%s", wire, format), func(t *testing.T) {
				s := modelservertest.Start(t, modelservertest.Options{
					Wire: wire, Mode: modelservertest.ModeThinksForEver, Thinking: thoughts, Text: answer,
				})
				tmpl := lookup(t, format)
				e, err := openai.New(openai.Config{
					BaseURL: s.URL, Model: modelservertest.ModelName, Template: tmpl, Dialect: openai.Dialect(wire.String()),
				})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				r := ask(2)
				r.Span, r.Sampling.MaxTokens = policy.Whole, 40
				thought := func(n int) string { return begin + strings.Join(slices.Repeat(thoughts, 20)[:n], "") }

				meter := Meter(policyOnly(e), Budget{}, reasoning.Model{}, reasoning.Model{})
				got, err := children(t.Context(), Think(meter, Thinking{Mode: ModeForce, Max: 10}, tmpl), r)
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

				control, err := children(t.Context(), policyOnly(e), r)
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

// What a failed attempt wasted is on the bill, and is no thinking of the child: a bound of 7
// tokens leaves room to go on after thinking of 5, although 3 were wasted before it.
func TestWasteIsNoThinking(t *testing.T) {
	s := modelservertest.Start(t, modelservertest.Options{
		Mode: modelservertest.ModeAbort, Thinking: []string{"Hm", ",", " so", "."}, Text: []string{" 4", "."},
	})
	tmpl := lookup(t, "think") // a chat, whose aborted text is not continued
	e, err := openai.New(openai.Config{
		BaseURL: s.URL, Model: modelservertest.ModelName, Template: tmpl, Dialect: openai.DialectVLLM,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r := ask(1)
	r.Span, r.Sampling.MaxTokens = policy.Whole, 40
	b := Retry(policyOnly(e), Backoff{First: 1})
	got, err := children(t.Context(), Think(b, Thinking{Mode: ModeForce, Max: 7, Waits: 1}, tmpl), r)
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

// A template may have no text for a suppressed end of thinking: the model then goes on where
// the end stood, as in s1's ablation of strings (Muennighoff et al. 2025). The control has one.
func TestEmptyWait(t *testing.T) {
	for wait, want := range map[string]string{
		"":     "Hm, so.</think>\n 4.",
		"Wait": "Hm, so.WaitHm, so.</think>\n 4.",
	} {
		s := modelservertest.Start(t, modelservertest.Options{
			Thinking: []string{"Hm", ",", " so", "."}, Text: []string{" 4", "."},
		})
		tmpl := lookup(t, "think-chatml")
		tmpl.Thinking.Wait = wait
		e, err := openai.New(openai.Config{
			BaseURL: s.URL, Model: modelservertest.ModelName, Template: tmpl, Dialect: openai.DialectVLLM,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		r := ask(1)
		r.Span, r.Sampling.MaxTokens = policy.Whole, 40
		got, err := children(t.Context(), Think(policyOnly(e), Thinking{Mode: ModeForce, Max: 30, Waits: 1}, tmpl), r)
		if err != nil || len(got) != 1 || reasoning.Join(got[0].Steps) != want {
			t.Errorf("wait %q: got %+v and error %v, want %q", wait, got, err, want)
		}
		if n := len(s.Requests()); n != 3 {
			t.Errorf("wait %q: the server got %d requests, want one for each thinking and one for the answer", wait, n)
		}
	}
}
