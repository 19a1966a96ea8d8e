package openai

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/internal/modelserver/replay"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// The recordings of llama.cpp were made with a real server. The others are written by
// hand after the source code of the servers.
func TestDialects(t *testing.T) {
	step := func(text string, tokens int, logprob float64) reasoning.Step {
		return reasoning.Step{Text: text, Tokens: tokens, LogProb: logprob}
	}
	for _, test := range []struct {
		name     string // of the recording; begins with the dialect
		template string
		span     int
		steps    []string
		want     policy.Child
	}{
		// The text includes the delimiter, which shows how the text ended.
		{"vllm-step", "pocket", 1, []string{"48+36=84\n"}, policy.Child{
			Steps: []reasoning.Step{step("84-4=80\n", 8, -2)}, Finish: reasoning.FinishStep,
			Usage: reasoning.Usage{Generated: 8, Prompt: 4, Cached: 16}}},
		// The end-of-text token is counted, but has no text.
		{"vllm-end", "pocket", 1, nil, policy.Child{
			Steps: []reasoning.Step{step("A:80", 5, -1.25)}, Finish: reasoning.FinishEnd,
			Usage: reasoning.Usage{Generated: 5, Prompt: 11}}},
		{"vllm-length", "pocket", policy.Whole, nil, policy.Child{
			Steps: []reasoning.Step{step("1+1=2\n", 6, -1.5), step("2+", 2, -.5)}, Finish: reasoning.FinishLength,
			Usage: reasoning.Usage{Generated: 8, Prompt: 11}}},
		// A chat whose last turn is continued. The engine cuts the second step itself,
		// because a stop string would end the text at the first.
		{"vllm-chat", "steps", 2, []string{"First, add.\n\n"}, policy.Child{
			Steps:  []reasoning.Step{step("Then.\n\n", 3, -.75), step("So \\boxed{4}.\n\n", 6, -1.25)},
			Finish: reasoning.FinishStep,
			Usage:  reasoning.Usage{Generated: 9, Prompt: 30}}},
		// SGLang sends the text after the delimiter, if it is in the same token.
		{"sglang-step", "steps-chatml", 1, nil, policy.Child{
			Steps: []reasoning.Step{step("Add.\n\n", 3, -.75)}, Finish: reasoning.FinishStep,
			Usage: reasoning.Usage{Generated: 3, Prompt: 2, Cached: 40}}},
		{"sglang-end", "steps-chatml", 1, nil, policy.Child{
			Steps: []reasoning.Step{step("It is 4.", 6, -1)}, Finish: reasoning.FinishEnd,
			Usage: reasoning.Usage{Generated: 6, Prompt: 42}}},
		// b11434 with Qwen2.5-Coder-0.5B. The server reports the stop string and removes
		// it; it counts the end-of-text token, which has no text.
		{"llamacpp-step", "pocket", 1, []string{"48+36=84\n"}, policy.Child{
			Steps: []reasoning.Step{step("64+36=100\n", 10, -6.817026107455604)}, Finish: reasoning.FinishStep,
			Usage: reasoning.Usage{Generated: 10, Prompt: 12}}},
		{"llamacpp-end", "steps-chatml", 1, []string{"It is \\boxed{4}."}, policy.Child{
			Steps: []reasoning.Step{step("", 1, -0.02863834798336029)}, Finish: reasoning.FinishEnd,
			Usage: reasoning.Usage{Generated: 1, Prompt: 38}}},
		{"llamacpp-chat", "steps", 1, []string{"2+2=4, so \\boxed{4"}, policy.Child{
			Steps:  []reasoning.Step{step("} is the number of people in the room.", 11, -8.309225432574749)},
			Finish: reasoning.FinishEnd,
			Usage:  reasoning.Usage{Generated: 11, Prompt: 11, Cached: 31}}},
		// ollama and unknown servers report "stop" for a stop string and for the end of
		// the text, so the engine sends no stop string and cuts the text itself. The
		// tokens after the cut are billed; the prompt's length, which the server sends
		// last, stays unknown.
		{"ollama-step", "pocket", 1, nil, policy.Child{
			Steps: []reasoning.Step{step("1+1=2\n", 7, -1.5)}, Finish: reasoning.FinishStep,
			Usage: reasoning.Usage{Generated: 7}}},
		{"ollama-chat", "steps", 1, []string{"First.\n\n"}, policy.Child{
			Steps: []reasoning.Step{step("So 4.", 4, -.75)}, Finish: reasoning.FinishEnd,
			Usage: reasoning.Usage{Generated: 4, Prompt: 25}}},
		{"generic-step", "pocket", 1, nil, policy.Child{
			Steps: []reasoning.Step{step("1+1=2\n", 4, -1)}, Finish: reasoning.FinishStep,
			Usage: reasoning.Usage{Generated: 4}}},
		// Without log-probabilities, the usage counts the tokens of a text that the model
		// ended.
		{"generic-whole", "steps", policy.Whole, nil, policy.Child{
			Steps: []reasoning.Step{step("One.\n\n", 0, 0), step("Two.", 7, 0)}, Finish: reasoning.FinishEnd,
			Usage: reasoning.Usage{Generated: 7, Prompt: 9, Cached: 4}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmpl, err := template.Lookup(test.template)
			if err != nil {
				t.Fatal(err)
			}
			dialect, _, _ := strings.Cut(test.name, "-")
			e := newEngine(t, Config{
				BaseURL: replay.Server(t, "testdata/"+test.name+".http"), Dialect: Dialect(dialect), Template: tmpl,
			})
			r := newRequest(test.span, 3)
			r.Steps = test.steps
			got, err := collect(t, e, r)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Ordinal = 3
			test.want.Usage.FLOPs = 2 * 1000 * float64(test.want.Usage.Generated+test.want.Usage.Prompt)
			compare := cmp.Options{cmpopts.IgnoreFields(policy.Child{}, "Generate"), cmpopts.EquateApprox(0, 1e-9)}
			if diff := cmp.Diff(got, []policy.Child{test.want}, compare); diff != "" {
				t.Errorf("child (-got +want):\n%s", diff)
			}
		})
	}
}

// Without log-probabilities the tokens of a step that is cut cannot be counted: the
// engine returns an error rather than an estimate from the length of the text.
func TestTokensAreNotEstimated(t *testing.T) {
	e := newEngine(t, Config{BaseURL: replay.Server(t, "testdata/generic-uncounted.http"), Dialect: DialectGeneric})
	if got, err := collect(t, e, newRequest(1, 3)); !errors.Is(err, errUncounted) || len(got) > 0 {
		t.Errorf("got %v and %v, want %v", got, err, errUncounted)
	}
}
