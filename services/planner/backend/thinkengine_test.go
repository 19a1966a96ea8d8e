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
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	pocketengine "github.com/ponder-mesh/ponder/services/policy/engine/pocket"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// alone is a policy without a verifier.
func alone(p policy.Policy) search.Backend {
	return struct {
		policy.Policy
		verifier.Verifier
	}{p, nil}
}

// vllm speaks as vLLM does, a token a byte, for a model that says known texts after
// what a prompt ends with. It keeps what it was asked.
type vllm struct {
	says  map[string]string
	mu    sync.Mutex
	asked []vllmRequest
}

type vllmRequest struct {
	Prompt  string `json:"prompt"`
	Max     int    `json:"max_tokens"`
	Special *bool  `json:"skip_special_tokens"`
}

func (v *vllm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var ask vllmRequest
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	v.asked = append(v.asked, ask)
	v.mu.Unlock()
	_, written, _ := strings.Cut(ask.Prompt, "<|im_start|>think\n")
	said, ok := v.says[written]
	if !ok {
		http.Error(w, fmt.Sprintf("nothing is known after %q", written), http.StatusBadRequest)
		return
	}
	finish := "stop"
	if len(said) > ask.Max {
		said, finish = said[:ask.Max], "length"
	}
	for i := range len(said) + 1 {
		choice := map[string]any{"index": 0, "text": "", "finish_reason": nil}
		if i < len(said) {
			choice["text"], choice["logprobs"] = said[i:i+1], map[string]any{"tokens": []string{said[i : i+1]}, "token_logprobs": []float64{-1}}
		} else {
			choice["finish_reason"] = finish
		}
		data, _ := json.Marshal(map[string]any{"choices": []any{choice}, "usage": map[string]int{"prompt_tokens": len(ask.Prompt), "completion_tokens": min(i+1, len(said))}})
		fmt.Fprintf(w, "data: %s\n\n", data)
		w.(http.Flusher).Flush()
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// Budget forcing works through the OpenAI engine, with marks that are special tokens:
// prompts are byte-exact, and the model's thinking is read with its marks.
func TestThinkThroughOpenAI(t *testing.T) {
	format := mustLookup(t, "s1")
	for _, test := range []struct {
		how  Thinking
		says map[string]string
		want string
		cost int64
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
		model := &vllm{says: test.says}
		server := httptest.NewServer(model)
		e, err := openai.New(openai.Config{BaseURL: server.URL + "/v1", Model: "s1", Template: format, Dialect: openai.DialectVLLM})
		if err != nil {
			t.Fatal(err)
		}
		r := ask(1)
		r.Sampling.MaxTokens = 100
		got, err := children(t.Context(), Think(alone(e), test.how, format), r)
		e.Close()
		server.Close()
		if err != nil || len(got) != 1 {
			t.Fatalf("got %d children and error %v", len(got), err)
		}
		if text := reasoning.Join(got[0].Steps); text != test.want || got[0].Finish != reasoning.FinishEnd || got[0].Usage.Generated != test.cost {
			t.Errorf("%+v: got %q by %v for %d tokens, want %q for %d", test.how, text, got[0].Finish, got[0].Usage.Generated, test.want, test.cost)
		}
		var shown []bool
		for _, a := range model.asked {
			shown = append(shown, a.Special != nil && !*a.Special)
		}
		want := make([]bool, len(shown))
		for i := range len(want) - 1 { // all but the answer
			want[i] = true
		}
		if diff := cmp.Diff(shown, want); diff != "" {
			t.Errorf("special tokens asked for, part by part (-got +want):\n%s", diff)
		}
	}
}

// With the pocket engine, on a model that never learned to think: it is forced all
// the same, step by step and whole, and what is counted is what was written.
func TestThinkThroughPocket(t *testing.T) {
	format := mustLookup(t, "pocket-think-v1")
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
		m := Meter(alone(p), Budget{}, id, reasoning.Model{})
		w := Think(m, Thinking{Mode: ModeForce, Max: 10}, format)
		r := ask(4)
		r.Problem, r.Span = "Ann has 48 apples. Ann buys 36 apples. Ann eats 7 apples. How many apples does Ann have now?", span
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
				if tokens(c.Steps) != c.Usage.Generated || len(thought) > 10 || forced != (span == policy.Whole || want == "the cut") {
					t.Errorf("span %d, %s: got %q of %d tokens, %d in its steps", span, want, text, c.Usage.Generated, tokens(c.Steps))
				}
			}
			t.Logf("span %d, %s: %q for %d tokens", span, want, reasoning.Texts(got[0].Steps), sum)
			if span == policy.Whole {
				if bill := m.Bill().Policy.Generated; bill != sum {
					t.Errorf("billed %d tokens of %d", bill, sum)
				}
				break
			}
			r.Node, r.Steps = fmt.Sprint(got[0].Ordinal), reasoning.Texts(got[0].Steps)
		}
	}
}
