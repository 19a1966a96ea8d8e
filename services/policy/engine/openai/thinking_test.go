package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// thoughts are what the model of a stand-in generates before the solution, with an end of
// thinking between them.
var thoughts = []string{"Add", " them", ".\n"}

// Thinking is part of the solution and of the bill, in the template's marks, wherever a server
// sends it: in the text, in either field, in a stream or in one document.
func TestThinkingIsText(t *testing.T) {
	thought, text := strings.Join(thoughts, ""), strings.Join(solution, "")
	for _, mode := range []modelservertest.Mode{
		modelservertest.ModeReasoning, modelservertest.ModeReasoningContent, modelservertest.ModeReasoningOnly,
	} {
		for format, want := range map[string]string{
			"steps":        "<think>\n" + thought + "</think>\n" + text,
			"think":        "<think>\n" + thought + "</think>\n" + text,
			"think-chatml": thought + "</think>\n" + text,
		} {
			for _, wire := range []modelservertest.Wire{
				modelservertest.WireVLLM, modelservertest.WireLlamaCpp, modelservertest.WireOpenAI,
			} {
				t.Run(fmt.Sprintf("%v/%v/%s", mode, wire, format), func(t *testing.T) {
					if mode == modelservertest.ModeReasoningOnly { // all of it is thinking, to the server
						want = strings.Replace(want, "</think>\n", "", 1)
					}
					s, e := standIn(t, format, modelservertest.Options{Wire: wire, Mode: mode, Thinking: thoughts})
					child, err := expand(t, e, newRequest(policy.Whole, 0))
					if got := reasoning.Join(child.Steps); err != nil || got != want || child.Finish != reasoning.FinishEnd {
						t.Errorf("got %q by %v and error %v, want %q", got, child.Finish, err, want)
					}
					generated, prompt := s.Generated()
					if tokensOf(child) != int64(generated) || child.Usage.Generated != int64(generated) ||
						child.Usage.Prompt != int64(prompt) {
						t.Errorf("billed %+v, %d tokens in steps, the server generated %d and read %d",
							child.Usage, tokensOf(child), generated, prompt)
					}
				})
			}
		}
	}
}

// A text that goes on has each mark once: none before thinking that has begun, and none around
// what a server takes for thinking after its end.
func TestMarksStandOnce(t *testing.T) {
	text := strings.Join(solution, "")
	for _, test := range []struct {
		format, name, prefix, want string
		mode                       modelservertest.Mode
	}{
		{"think", "open", "<think>\nAdd", " them.\n</think>\n" + text, modelservertest.ModeReasoning},
		{"think", "over", "<think>\nAdd them.\n</think>\n", text, modelservertest.ModeReasoning},
		{"think", "over, to the template", "<think>\nAdd.\n</think>\n", text, modelservertest.ModeReasoningOnly},
		{"think-chatml", "open", "Add", " them.\n</think>\n" + text, modelservertest.ModeReasoning},
		{"steps", "none", "No thought", "<think>\nAdd them.\n</think>\n" + text, modelservertest.ModeReasoning},
	} {
		_, e := standIn(t, test.format, modelservertest.Options{Mode: test.mode, Thinking: thoughts})
		r := newRequest(policy.Whole, 0)
		r.Steps = []string{test.prefix}
		child, err := expand(t, e, r)
		if got := reasoning.Join(child.Steps); err != nil || got != test.want {
			t.Errorf("%s, %s: got %q and error %v, want %q", test.format, test.name, got, err, test.want)
		}
	}
}

// A request with Stop ends with the mark that the engine writes, and the rest is cancelled.
func TestStopAtTheEndOfThinking(t *testing.T) {
	o := modelservertest.Options{Mode: modelservertest.ModeReasoning, Thinking: []string{"Add", "."}}
	s, e := standIn(t, "think", o)
	r := newRequest(policy.Whole, 0)
	r.Stop = "</think>\n"
	child, err := expand(t, e, r)
	const want = "<think>\nAdd.\n</think>\n"
	if got := reasoning.Join(child.Steps); err != nil || got != want || child.Finish != reasoning.FinishStep {
		t.Errorf("got %q by %v and error %v, want %q", got, child.Finish, err, want)
	}
	if len(s.Requests()) != 1 {
		t.Errorf("got %d requests", len(s.Requests()))
	}
}

// Servers name thinking differently, and some send it twice.
func TestFieldsOfThinking(t *testing.T) {
	for data, want := range map[string]event{
		`{"choices":[{"delta":{"reasoning":"a"}}]}`:                                      {reasoning: "a"},
		`{"choices":[{"delta":{"reasoning_content":"a","content":null}}]}`:               {reasoning: "a"},
		`{"choices":[{"delta":{"reasoning_content":"a","reasoning":"a"}}]}`:              {reasoning: "a"},
		`{"choices":[{"delta":{"reasoning":"a","content":"b"}}]}`:                        {reasoning: "a", text: "b"},
		`{"choices":[{"message":{"reasoning_content":"a","content":"b"}}]}`:              {reasoning: "a", text: "b"},
		`{"choices":[{"text":"b","reasoning_content":"a"}]}`:                             {reasoning: "a", text: "b"},
		`{"choices":[{"delta":{"tool_calls":[{"index":0}],"content":null}}]}`:            {tools: true},
		`{"choices":[{"message":{"tool_calls":[],"content":"b"},"finish_reason":null}]}`: {text: "b"},
	} {
		f, err := parseChunk([]byte(data))
		if diff := cmp.Diff(f.events, []event{want}, cmp.AllowUnexported(event{})); diff != "" || err != nil {
			t.Errorf("%s: got error %v and (-got +want):\n%s", data, err, diff)
		}
	}
	f, err := parseOllama([]byte(`{"message":{"thinking":"a","content":"b"},"thinking":"","response":""}`))
	want := []event{{reasoning: "a", text: "b"}}
	if diff := cmp.Diff(f.events, want, cmp.AllowUnexported(event{})); diff != "" || err != nil {
		t.Errorf("ollama: got error %v and (-got +want):\n%s", err, diff)
	}
}

// On a server that ignores the limit of tokens, and one that never ends its thinking, the
// engine cuts the text at the limit and closes the stream; what it received after the limit
// is on the bill, and in no step.
func TestLimitHoldsOnEveryServer(t *testing.T) {
	for _, mode := range []modelservertest.Mode{modelservertest.ModeIgnoresLimit, modelservertest.ModeThinksForEver} {
		for _, wire := range []modelservertest.Wire{
			modelservertest.WireVLLM, modelservertest.WireLlamaCpp, modelservertest.WireOpenAI,
		} {
			for _, format := range []string{"think", "think-chatml"} {
				t.Run(fmt.Sprintf("%v/%v/%s", mode, wire, format), func(t *testing.T) {
					o := modelservertest.Options{Wire: wire, Mode: mode, Thinking: thoughts}
					all, begin := slices.Repeat(thoughts, 5), ""
					if mode == modelservertest.ModeIgnoresLimit {
						o.Thinking, all = nil, solution
					} else if format == "think" {
						begin = "<think>\n"
					}
					s, e := standIn(t, format, o) // its end waits for that of the stream
					r := newRequest(policy.Whole, 0)
					r.Sampling.MaxTokens = 5
					child, err := expand(t, e, r)
					want := begin + strings.Join(all[:5], "")
					if got := reasoning.Join(child.Steps); err != nil || got != want || child.Finish != reasoning.FinishLength {
						t.Fatalf("got %q by %v and error %v, want %q", got, child.Finish, err, want)
					}
					generated, _ := s.Generated()
					if n := child.Usage.Generated; tokensOf(child) != 5 || n != 6 || n > int64(generated) {
						t.Errorf("billed %d tokens, %d in steps, of %d that the server generated; want 6, one of them wasted",
							n, tokensOf(child), generated)
					}
				})
			}
		}
	}
}

// noLimit removes the limit of tokens from requests, as a proxy may.
type noLimit struct{ http.Transport }

func (n *noLimit) RoundTrip(r *http.Request) (*http.Response, error) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	delete(body, "max_tokens")
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	return n.Transport.RoundTrip(r)
}

// A document cannot be cut short: what is in it after the limit is wasted.
func TestLimitHoldsInADocument(t *testing.T) {
	for _, format := range []string{"steps", "steps-chatml"} {
		s := modelservertest.Start(t, modelservertest.Options{Mode: modelservertest.ModePlainJSON, Text: solution})
		e := newEngine(t, Config{
			BaseURL: s.URL, Model: modelservertest.ModelName, Dialect: DialectVLLM, Template: lookup(t, format),
			Transport: new(noLimit),
		})
		r := newRequest(policy.Whole, 0)
		r.Sampling.MaxTokens = 5
		child, err := expand(t, e, r)
		if got := reasoning.Join(child.Steps); err != nil || got != strings.Join(solution[:5], "") ||
			child.Finish != reasoning.FinishLength || tokensOf(child) != 5 || child.Usage.Generated != 7 {
			t.Errorf("%s: got %q by %v for %+v and error %v", format, got, child.Finish, child.Usage, err)
		}
	}
}

// A server may count a few tokens more than it was allowed, such as that which ends a text.
// They are on the bill, and in no step.
func TestAFewTokensTooMany(t *testing.T) {
	_, e := standIn(t, "steps", modelservertest.Options{Mode: modelservertest.ModeOverstatesALittle})
	r := newRequest(policy.Whole, 0)
	r.Sampling.MaxTokens = len(solution)
	child, err := expand(t, e, r)
	if got := reasoning.Join(child.Steps); err != nil || got != strings.Join(solution, "") ||
		child.Usage.Generated != int64(len(solution)+3) || tokensOf(child) != int64(len(solution)) {
		t.Errorf("got %q of %d tokens for %+v and error %v", got, tokensOf(child), child.Usage, err)
	}
}

// A call of a tool, where none was offered, ends the request at once: no retry cures it.
func TestToolCallsAreRefused(t *testing.T) {
	for _, wire := range []modelservertest.Wire{modelservertest.WireVLLM, modelservertest.WireOpenAI} {
		s, e := standIn(t, "steps", modelservertest.Options{Wire: wire, Mode: modelservertest.ModeToolCalls})
		child, err := expand(t, e, newRequest(policy.Whole, 0))
		refused := errors.Is(err, modelserver.ErrResponse) && reasoning.Permanent(err)
		if !refused || !strings.Contains(err.Error(), "tool parser") {
			t.Errorf("%v: got %v, want an ErrResponse that names the tool parser", wire, err)
		}
		if n := len(s.Requests()); n != 1 || child.Usage.Generated != 1 {
			t.Errorf("%v: got %d requests, billed %d tokens, want one each", wire, n, child.Usage.Generated)
		}
	}
}

// Where steps are cut by the engine, their tokens must be counted: a server that counts them
// only at the end of the text serves whole samples, and nothing else.
func TestUncountedSteps(t *testing.T) {
	o := modelservertest.Options{Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeUncounted}
	s, e := standIn(t, "steps", o)
	child, err := expand(t, e, newRequest(1, 0))
	if !errors.Is(err, errUncounted) || !reasoning.Permanent(err) || !strings.Contains(err.Error(), "--policy-dialect") ||
		!strings.Contains(err.Error(), "best-of-n") {
		t.Errorf("got %v, want errUncounted with what to do", err)
	}
	generated, _ := s.Generated()
	if n := child.Usage.Generated; n < 4 || n > int64(generated) || len(s.Requests()) != 1 {
		t.Errorf("billed %d tokens in %d requests, the server generated %d", n, len(s.Requests()), generated)
	}
}
