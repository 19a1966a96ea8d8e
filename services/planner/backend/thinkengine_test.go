package backend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	pocketengine "github.com/ponder-mesh/ponder/services/policy/engine/pocket"
)

// A vllm is an HTTP server with vLLM's API for a model that generates a known text after
// each prompt, with one token per byte. It keeps the requests.
type vllm struct {
	texts map[string]string // by what the prompt has after the beginning of thinking

	mu       sync.Mutex
	requests []vllmRequest
}

// A vllmRequest has the fields of a request that tests check.
type vllmRequest struct {
	Prompt  string `json:"prompt"`
	Max     int    `json:"max_tokens"`
	Special *bool  `json:"skip_special_tokens"`
}

// ServeHTTP streams the text after the request's prompt.
func (v *vllm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request vllmRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	v.requests = append(v.requests, request)
	v.mu.Unlock()
	_, prefix, _ := strings.Cut(request.Prompt, "<|im_start|>think\n")
	text, ok := v.texts[prefix]
	if !ok {
		http.Error(w, fmt.Sprintf("no text for prefix %q", prefix), http.StatusBadRequest)
		return
	}
	finish := "stop"
	if len(text) > request.Max {
		text, finish = text[:request.Max], "length"
	}
	for i := range len(text) + 1 {
		choice := map[string]any{"index": 0, "text": "", "finish_reason": nil}
		if i < len(text) {
			token := text[i : i+1]
			choice["text"] = token
			choice["logprobs"] = map[string]any{"tokens": []string{token}, "token_logprobs": []float64{-1}}
		} else {
			choice["finish_reason"] = finish
		}
		usage := map[string]int{"prompt_tokens": len(request.Prompt), "completion_tokens": min(i+1, len(text))}
		data, _ := json.Marshal(map[string]any{"choices": []any{choice}, "usage": usage})
		fmt.Fprintf(w, "data: %s\n\n", data)
		w.(http.Flusher).Flush()
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// Budget forcing works through the OpenAI engine with marks that are special tokens: prompts
// are byte-exact, and responses contain the marks of thinking.
func TestThinkThroughOpenAI(t *testing.T) {
	format := lookup(t, "s1")
	for _, test := range []struct {
		how   Thinking
		texts map[string]string
		want  string
		cost  int64
	}{
		{
			Thinking{Mode: ModeForce, Max: 6},
			map[string]string{"": "Two and two.", "Two an\n<|im_start|>answer\nFinal Answer:": " 3"},
			"Two an\n<|im_start|>answer\nFinal Answer: 3", 6 + 2,
		}, {
			Thinking{Mode: ModeForce, Max: 90, Waits: 1},
			map[string]string{
				"":            "Four.\n<|im_start|>answer\n4",
				"Four.\nWait": ", five?\n<|im_start|>answer\n5",
				"Four.\nWait, five?\n<|im_start|>answer\n": "5",
			},
			"Four.\nWait, five?\n<|im_start|>answer\n5", 25 + 27 + 1,
		},
	} {
		model := &vllm{texts: test.texts}
		server := httptest.NewServer(model)
		e, err := openai.New(openai.Config{
			BaseURL: server.URL + "/v1", Model: "s1", Template: format, Dialect: openai.DialectVLLM,
		})
		if err != nil {
			t.Fatal(err)
		}
		r := ask(1)
		r.Sampling.MaxTokens = 100
		got, err := children(t.Context(), Think(policyOnly(e), test.how, format), r)
		e.Close()
		server.Close()
		if err != nil || len(got) != 1 {
			t.Fatalf("got %d children and error %v", len(got), err)
		}
		text, generated := reasoning.Join(got[0].Steps), got[0].Usage.Generated
		if text != test.want || got[0].Finish != reasoning.FinishEnd || generated != test.cost {
			t.Errorf("%+v: got %q by %v for %d tokens, want %q for %d",
				test.how, text, got[0].Finish, generated, test.want, test.cost)
		}
		var shown []bool
		for _, a := range model.requests {
			shown = append(shown, a.Special != nil && !*a.Special)
		}
		want := make([]bool, len(shown))
		for i := range len(want) - 1 { // all but the answer
			want[i] = true
		}
		if diff := cmp.Diff(shown, want); diff != "" {
			t.Errorf("requests for special tokens, part by part (-got +want):\n%s", diff)
		}
	}
}

// With the pocket engine, thinking of a model that was not trained to think is forced, step
// by step and in whole children, and tokens are counted as generated.
func TestThinkThroughPocket(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	model, err := models.Open("pocket-0.3m")
	if err != nil {
		t.Fatal(err)
	}
	engine := pocket.NewEngine(model, pocket.Options{})
	defer engine.Close()
	p := pocketengine.New(engine)
	id, err := p.Model(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range []int{1, policy.Whole} {
		m := Meter(policyOnly(p), Budget{}, id.Model, reasoning.Model{})
		w := Think(m, Thinking{Mode: ModeForce, Max: 10}, format)
		r := ask(4)
		r.Problem = "Ann has 48 apples. Ann buys 36 apples. Ann eats 7 apples. How many apples does Ann have now?"
		r.Span = span
		for _, want := range []string{"a step", "the cut"} {
			got, err := children(t.Context(), w, r)
			if err != nil {
				t.Fatal(err)
			}
			var sum int64
			for _, c := range got {
				text := strings.Join(r.Steps, "") + reasoning.Join(c.Steps)
				thought, _, forced := strings.Cut(text, "\n#\nA:")
				sum += c.Usage.Generated
				wantForced := span == policy.Whole || want == "the cut"
				if tokens(c.Steps) != c.Usage.Generated || len(thought) > 10 || forced != wantForced {
					t.Errorf("span %d, %s: got %q of %d tokens, %d in its steps",
						span, want, text, c.Usage.Generated, tokens(c.Steps))
				}
			}
			t.Logf("span %d, %s: %q for %d tokens", span, want, reasoning.Texts(got[0].Steps), sum)
			if span == policy.Whole {
				if bill := m.Bill().Policy.Generated; bill != sum {
					t.Errorf("billed %d tokens, want %d", bill, sum)
				}
				break
			}
			r.Node, r.Steps = fmt.Sprint(got[0].Ordinal), reasoning.Texts(got[0].Steps)
		}
	}
}
