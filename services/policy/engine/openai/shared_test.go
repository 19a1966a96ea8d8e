package openai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/modelserver/replay"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// writeChoices streams n choices, a token at a time, in turns. The usage counts one
// choice only, as llama.cpp's does.
func writeChoices(w http.ResponseWriter, n int) {
	send := func(choice int, text, finish string) {
		var why any
		if finish != "" {
			why = finish
		}
		data, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{
			"index": choice, "text": text, "finish_reason": why,
			"logprobs": map[string]any{"content": []any{map[string]any{"token": text, "logprob": -1}}},
		}}})
		fmt.Fprintf(w, "data: %s\n\n", data)
	}
	for i := range n {
		send(i, "1+", "")
	}
	for i := range n {
		send(i, fmt.Sprint(i), "")
	}
	for i := range n {
		send(i, "\n", "stop")
	}
	io.WriteString(w, `data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}`+"\n\ndata: [DONE]\n\n")
}

func TestSharedSeed(t *testing.T) {
	for _, test := range []struct {
		name    string
		choices func(n int) int // generated for a request of n; 0 is a refusal
		want    string          // the n of each request of two expansions
		prompts int64           // served requests of the two expansions, each of 9 tokens of prompt
	}{
		{"n is served", func(n int) int { return n }, "4 4", 2},
		{"one choice whatever n is", func(n int) int { return 1 }, "4 1 1 1 1 1 1 1", 8},
		{"refused", func(n int) int { return n % 4 }, "4 1 1 1 1 1 1 1 1", 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requested []string
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				var body struct {
					N    int `json:"n"`
					Seed int `json:"seed"`
				}
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Seed == 0 {
					t.Errorf("got %+v and %v", body, err)
				}
				n := max(1, body.N)
				requested = append(requested, fmt.Sprint(n))
				if choices := test.choices(n); choices > 0 {
					writeChoices(w, choices)
				} else {
					http.Error(w, "Only one completion choice is allowed", http.StatusInternalServerError)
				}
			}, func(c *Config) { c.Dialect, c.SharedSeed, c.MaxInFlight = DialectVLLM, true, 1 })
			prompt := int64(0)
			for range 2 {
				got, err := collect(t, e, newRequest(1, 0, 1, 2, 3))
				if err != nil || len(got) != 4 {
					t.Fatalf("got %d children and error %v, want 4", len(got), err)
				}
				for i, c := range got {
					if c.Ordinal != i || c.Finish != reasoning.FinishStep || c.Usage.Generated != 3 {
						t.Errorf("child %d is %+v, want a step of 3 tokens", i, c)
					}
					if s := c.Steps[0]; s.Tokens != 3 || s.LogProb != -3 {
						t.Errorf("child %d has step %+v, want 3 tokens with log-probability -3", i, s)
					}
					prompt += c.Usage.Prompt
				}
			}
			if prompt != 9*test.prompts {
				t.Errorf("charged %d tokens of prompts, want 9 for each of %d requests", prompt, test.prompts)
			}
			if got := strings.Join(requested, " "); got != test.want {
				t.Errorf("requested %s choices, want %s", got, test.want)
			}
		})
	}
}

// llama.cpp reads the prompt once for both choices and reports it for each, as recorded.
func TestSharedSeedOfLlamaCpp(t *testing.T) {
	e := newEngine(t, Config{
		BaseURL: replay.Server(t, "testdata/llamacpp-n.http"), Dialect: DialectLlamaCpp, SharedSeed: true,
	})
	r := newRequest(1, 3, 4)
	r.Steps = []string{"1+1=2\n", "2+2=4\n"}
	got, err := collect(t, e, r)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d children and error %v, want 2", len(got), err)
	}
	for i, want := range []string{"3+3=6\n", "4+4=8\n"} {
		c := got[i]
		if reasoning.Join(c.Steps) != want || c.Finish != reasoning.FinishStep || c.Usage.Generated != 6 ||
			c.Usage.Prompt != 12-12*int64(i) {
			t.Errorf("child %d is %+v, want %q of 6 tokens", i, c, want)
		}
	}
}

// A server that is unavailable for a moment may still support n.
func TestSharedSeedSurvivesAFailure(t *testing.T) {
	status := http.StatusServiceUnavailable
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if status == http.StatusOK {
			writeChoices(w, 2)
		}
	}, func(c *Config) { c.Dialect, c.SharedSeed = DialectVLLM, true })
	if _, err := collect(t, e, newRequest(1, 0, 1)); err == nil {
		t.Error("got no error")
	}
	status = http.StatusOK
	if got, err := collect(t, e, newRequest(1, 0, 1)); err != nil || len(got) != 2 || e.single {
		t.Errorf("got %d children and %v, single is %v", len(got), err, e.single)
	}
}

func TestEachChildHasItsSeed(t *testing.T) {
	seen := map[int64]bool{}
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Seed int64 `json:"seed"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		seen[body.Seed] = true
		writeChoices(w, 1)
	}, func(c *Config) { c.Dialect, c.MaxInFlight = DialectVLLM, 1 })
	r := newRequest(1, 2, 5)
	if _, err := collect(t, e, r); err != nil {
		t.Fatal(err)
	}
	for _, ordinal := range r.Ordinals {
		if want := portableSeed(r.Seed.Child(ordinal)); !seen[want] || len(seen) != 2 {
			t.Errorf("seeds are %v, want child %d's %d among them", seen, ordinal, want)
		}
	}
	var _ policy.Policy = e
}
