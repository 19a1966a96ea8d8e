package openai

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/services/policy/template"
)

// toy behaves as llama.cpp's server does, with a model that counts: a step has its
// number and a digit drawn from the seed, such as "2:7\n", and a token per byte; the
// fourth is the answer, and ends the text without a newline.
func toy(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/models":
		fmt.Fprint(w, `{"data":[{"id":"toy","owned_by":"llamacpp"}]}`)
	case "/completion":
		toyCompletion(w, r)
	default:
		http.Error(w, `{"error":{"message":"File Not Found"}}`, http.StatusNotFound)
	}
}

func toyCompletion(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Prompt      string   `json:"prompt"`
		Predict     int      `json:"n_predict"`
		Temperature float64  `json:"temperature"`
		Seed        uint64   `json:"seed"`
		Stop        []string `json:"stop"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, `{"error":{"message":"bad JSON"}}`, http.StatusBadRequest)
		return
	}
	text := ""
	for place := strings.Count(body.Prompt, "\n"); place <= 4; place++ {
		digit := place
		if body.Temperature > 0 {
			digit = rand.New(rand.NewPCG(body.Seed, uint64(place))).IntN(10)
		}
		if place < 4 {
			text += fmt.Sprintf("%d:%d\n", place, digit)
		} else {
			text += fmt.Sprintf("A:%d", digit)
		}
	}
	send := func(event map[string]any) {
		data, _ := json.Marshal(event)
		fmt.Fprintf(w, "data: %s\n\n", data)
		w.(http.Flusher).Flush()
	}
	timings := map[string]int{"cache_n": 1, "prompt_n": len(body.Prompt)}
	last := map[string]any{"index": 0, "content": "", "stop": true, "stop_type": "eos", "timings": timings}
	sampled := 0
	for i := range len(text) + 1 { // one more for the end-of-text token
		if r.Context().Err() != nil {
			return
		}
		if sampled == body.Predict {
			last["stop_type"] = "limit"
			break
		}
		sampled++
		token := ""
		if i < len(text) {
			token = text[i : i+1]
		}
		stopped := len(body.Stop) > 0 && token == body.Stop[0]
		if stopped {
			last["stop_type"], last["stopping_word"], token = "word", token, ""
		}
		send(map[string]any{
			"index": 0, "content": token, "stop": false, "tokens_predicted": sampled,
			"completion_probabilities": []any{map[string]any{"token": token, "logprob": -0.25}},
			"timings":                  timings,
		})
		if stopped {
			break
		}
	}
	last["tokens_predicted"] = sampled
	send(last)
}

// serve returns an engine of a server with this handler.
func serve(t *testing.T, handler http.HandlerFunc, change func(*Config)) *Engine {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	c := Config{BaseURL: s.URL + "/v1"}
	if change != nil {
		change(&c)
	}
	return newEngine(t, c)
}

// newEngine returns an engine with a model, parameters and a template filled in.
func newEngine(t *testing.T, c Config) *Engine {
	t.Helper()
	if c.Template.Name == "" {
		tmpl, err := template.Lookup("pocket")
		if err != nil {
			t.Fatal(err)
		}
		c.Template = tmpl
	}
	c.Model, c.Parameters = cmp.Or(c.Model, "toy"), 1000
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}
