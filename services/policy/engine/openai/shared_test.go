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

// many answers a request for n choices as if make of them were made, a token at a
// time, in turns. Its usage counts one choice only, as llama.cpp's does.
func many(w http.ResponseWriter, n int) {
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
		choices func(n int) int // made of n; 0 is a refusal
		asked   string          // the n of each request of two expansions
	}{
		{"n is served", func(n int) int { return n }, "4 4"},
		{"one choice whatever n is", func(n int) int { return 1 }, "4 1 1 1 1 1 1 1"},
		{"refused", func(n int) int { return n % 4 }, "4 1 1 1 1 1 1 1 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			e := engine(t, func(w http.ResponseWriter, r *http.Request) {
				var body struct {
					N    int `json:"n"`
					Seed int `json:"seed"`
				}
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Seed == 0 {
					t.Errorf("got %+v and %v", body, err)
				}
				n := max(1, body.N)
				asked = append(asked, fmt.Sprint(n))
				if made := test.choices(n); made > 0 {
					many(w, made)
				} else {
					http.Error(w, "Only one completion choice is allowed", http.StatusInternalServerError)
				}
			}, func(c *Config) { c.Dialect, c.SharedSeed, c.MaxInFlight = DialectVLLM, true, 1 })
			for range 2 {
				got, err := collect(t, e, ask(1, 0, 1, 2, 3))
				if err != nil || len(got) != 4 {
					t.Fatalf("got %d children and error %v, want 4", len(got), err)
				}
				prompt := int64(0)
				for i, c := range got {
					if c.Ordinal != i || c.Finish != reasoning.FinishStep || c.Usage.Generated != 3 || c.Steps[0].Tokens != 3 || c.Steps[0].LogProb != -3 {
						t.Errorf("child %d is %+v, want a step of 3 tokens", i, c)
					}
					prompt += c.Usage.Prompt
				}
				if prompt != 9 {
					t.Errorf("the prefix of 9 tokens is charged as %d", prompt)
				}
			}
			if got := strings.Join(asked, " "); got != test.asked {
				t.Errorf("asked for %s choices, want %s", got, test.asked)
			}
		})
	}
}

// llama.cpp reads the prompt once for both and says so for each, as recorded.
func TestSharedSeedOfLlamaCpp(t *testing.T) {
	e := engineOf(t, Config{BaseURL: replay.Server(t, "testdata/llamacpp-n.http"), Dialect: DialectLlamaCpp, SharedSeed: true})
	r := ask(1, 3, 4)
	r.Steps = []string{"1+1=2\n", "2+2=4\n"}
	got, err := collect(t, e, r)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d children and error %v, want 2", len(got), err)
	}
	for i, want := range []string{"3+3=6\n", "4+4=8\n"} {
		if c := got[i]; reasoning.Join(c.Steps) != want || c.Finish != reasoning.FinishStep || c.Usage.Generated != 6 || c.Usage.Prompt != 12-12*int64(i) {
			t.Errorf("child %d is %+v, want %q of 6 tokens", i, c, want)
		}
	}
}

// A server that cannot be reached is not one that refuses n.
func TestSharedSeedIsNotLostByAFailure(t *testing.T) {
	status := http.StatusServiceUnavailable
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if status == http.StatusOK {
			many(w, 2)
		}
	}, func(c *Config) { c.Dialect, c.SharedSeed = DialectVLLM, true })
	if _, err := collect(t, e, ask(1, 0, 1)); err == nil {
		t.Error("got no error")
	}
	status = http.StatusOK
	if got, err := collect(t, e, ask(1, 0, 1)); err != nil || len(got) != 2 || e.single {
		t.Errorf("got %d children and %v, single is %v", len(got), err, e.single)
	}
}

func TestSeedsAreTheChildrensOwn(t *testing.T) {
	seen := map[int64]bool{}
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Seed int64 `json:"seed"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		seen[body.Seed] = true
		many(w, 1)
	}, func(c *Config) { c.Dialect, c.MaxInFlight = DialectVLLM, 1 })
	r := ask(1, 2, 5)
	if _, err := collect(t, e, r); err != nil {
		t.Fatal(err)
	}
	for _, ordinal := range r.Ordinals {
		if want := portable(r.Seed.Child(ordinal)); !seen[want] || len(seen) != 2 {
			t.Errorf("seeds are %v, want child %d's %d among them", seen, ordinal, want)
		}
	}
	var _ policy.Policy = e
}
