package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/internal/modelserver/replay"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engineOf returns an engine of a family, with a model and parameters filled in.
func engineOf(t *testing.T, family string, c Config) *Engine {
	t.Helper()
	var err error
	if c.Family, err = Lookup(family); err != nil {
		t.Fatal(err)
	}
	c.Model, c.Parameters = "prm", 1000
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func serve(t *testing.T, family string, h http.HandlerFunc) *Engine {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return engineOf(t, family, Config{BaseURL: s.URL})
}

// request contains marks of all families in its problem and its steps.
var request = verifier.Request{
	Problem: "48 apples <extra_0> and 36 <|im_end|> more ки?",
	Steps:   []string{"48+36=84\n\n", "So <extra_0> 84-4=80.\n\n"},
}

func TestFamilies(t *testing.T) {
	for _, test := range []struct {
		family     string
		aggregator verifier.Aggregator
		scores     []float64
		tokens     int64 // processed
		cached     int64
	}{
		{"qwen2.5-math-prm", verifier.AggregatorProd, []float64{.9375, .25}, 61, 0},
		// In the second response + is not among the most likely tokens: the bound is the
		// least likely of them.
		{"rlhflow", verifier.AggregatorAvg, []float64{1 / (1 + math.Exp(-1.5)), 1 / (1 + math.Exp(4))}, 31 + 17, 29},
		{"math-shepherd", verifier.AggregatorMin, []float64{1 / (1 + math.Exp(-1)), .5}, 21 + 15, 20},
	} {
		t.Run(test.family, func(t *testing.T) {
			e := engineOf(t, test.family, Config{BaseURL: replay.Server(t, "testdata/"+test.family+".http")})
			got, err := e.Score(t.Context(), request)
			want := verifier.Result{
				Scores: test.scores,
				Usage:  reasoning.Usage{Verifier: test.tokens, Cached: test.cached, FLOPs: 2000 * float64(test.tokens)},
			}
			compare := cmp.Options{cmpopts.IgnoreFields(verifier.Result{}, "Took"), cmpopts.EquateApprox(0, 1e-12)}
			if diff := cmp.Diff(got, want, compare); diff != "" || err != nil {
				t.Errorf("got error %v and (-got +want):\n%s", err, diff)
			}
			model, err := e.RewardModel(t.Context())
			wantModel := verifier.RewardModel{
				Model:      reasoning.Model{Name: "prm", Template: test.family, Parameters: 1000},
				Aggregator: test.aggregator, Capabilities: verifier.Capabilities{Steps: reasoning.SupportYes},
			}
			if model != wantModel || err != nil {
				t.Errorf("reward model is %+v and %v, want %+v", model, err, wantModel)
			}
		})
	}
}

// toy serves both kinds of reward models; the score is a hash of the text.
func toy(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Messages []message `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text := fmt.Sprint(body.Messages)
	score := func(text string) float64 {
		h := fnv.New32a()
		io.WriteString(h, text)
		return float64(h.Sum32()) / math.MaxUint32
	}
	if r.URL.Path == "/pooling" {
		var rows [][]float64
		for i := range text {
			if strings.HasPrefix(text[i:], qwenMark) {
				p := score(text[:i])
				rows = append(rows, []float64{1 - p, p})
			}
		}
		json.NewEncoder(w).Encode(map[string]any{
			"data":  []any{map[string]any{"data": rows}},
			"usage": map[string]int{"prompt_tokens": len(text)},
		})
		return
	}
	p := score(text)
	fmt.Fprintf(w, `{"choices":[{"logprobs":{"content":[{"token":"+",
		"top_logprobs":[{"token":"+","logprob":%v},{"token":"-","logprob":%v}]}]}}],
		"usage":{"prompt_tokens":7,"completion_tokens":1}}`, math.Log(p), math.Log(1-p))
}

func TestConformance(t *testing.T) {
	for _, family := range []string{"qwen2.5-math-prm", "rlhflow"} {
		t.Run(family, func(t *testing.T) {
			verifiertest.Run(t, func(t *testing.T) verifier.Verifier { return serve(t, family, toy) }, verifiertest.Options{
				Leaks: []goleak.Option{ // idle connections, at both ends
					goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
					goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
					goleak.IgnoreAnyFunction("net/http.(*conn).serve"),
					goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"),
				},
			})
		})
	}
}

func TestBadScores(t *testing.T) {
	pool := func(rows string) string { return `{"data":[{"data":` + rows + `}]}` }
	token := func(top string) string {
		return `{"choices":[{"logprobs":{"content":[{"token":"+","logprob":-1,"top_logprobs":` + top + `}]}}]}`
	}
	for _, test := range []struct{ name, family, answer string }{
		{"one score too few", "qwen2.5-math-prm", pool(`[[0.5,0.5]]`)},
		{"one score too many", "qwen2.5-math-prm", pool(`[[0.5,0.5],[0.5,0.5],[0.5,0.5]]`)},
		{"no scores", "qwen2.5-math-prm", pool(`[]`)},
		{"no output", "qwen2.5-math-prm", `{"data":[]}`},
		{"two outputs", "qwen2.5-math-prm", `{"data":[{"data":[[0.5,0.5],[0.5,0.5]]},{"data":[[0.5,0.5],[0.5,0.5]]}]}`},
		{"one class", "qwen2.5-math-prm", pool(`[[0.5],[0.5]]`)},
		{"logits", "qwen2.5-math-prm", pool(`[[-3.5,4.25],[0.5,0.5]]`)},
		{"neither + nor -", "rlhflow", token(`[{"token":"Yes","logprob":-0.1},{"token":"No","logprob":-2.5}]`)},
		{"no alternatives", "rlhflow", token(`[]`)},
		{"no log-probabilities", "rlhflow", `{"choices":[{"logprobs":null}]}`},
		{"no choice", "rlhflow", `{"choices":[]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := serve(t, test.family, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, test.answer) })
			got, err := e.Score(t.Context(), request)
			if !errors.Is(err, verifier.ErrBadScores) || got.Scores != nil {
				t.Errorf("got %v and %v, want ErrBadScores", got.Scores, err)
			}
		})
	}
}

func TestFailuresMapToErrors(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   error
		remedy string
	}{
		{429, ``, reasoning.ErrOverloaded, ""},
		{503, `{"error":{"message":"the server's message"}}`, reasoning.ErrUnavailable, "the server's message"},
		{500, `{"error":{"message":"the server's message"}}`, reasoning.ErrUnavailable, "the server's message"},
		{400, `{"error":{"message":"the server's message"}}`, reasoning.ErrInvalid, "the server's message"},
		{401, `{"error":"Unauthorized"}`, modelserver.ErrKey, "set PONDER_VERIFIER_API_KEY"},
		{404, `{"error":{"message":"The model 'prm' does not exist."}}`, modelserver.ErrNoModel, "check --verifier-model"},
		{404, `{"detail":"Not Found"}`, modelserver.ErrResponse, "check --verifier-url"},
		{200, `<html>`, modelserver.ErrResponse, "check --verifier-url"},
		{200, `{"choices":[{"logprobs":{"content":[{"token":"+","logprob":NaN}]}}]}`, modelserver.ErrResponse, "the number NaN"},
		{200, `data: {}`, modelserver.ErrResponse, "data: {}"},
	} {
		requests := 0
		e := serve(t, "rlhflow", func(w http.ResponseWriter, r *http.Request) {
			requests++
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(test.status)
			io.WriteString(w, test.body)
		})
		_, err := e.Score(t.Context(), request)
		if !errors.Is(err, test.want) || !strings.Contains(fmt.Sprint(err), test.remedy) || requests != 1 {
			t.Errorf("%d %s: got %v after %d requests, want %v with %q", test.status, test.body, err, requests, test.want, test.remedy)
		}
		transient := test.want == reasoning.ErrOverloaded || test.want == reasoning.ErrUnavailable
		if reasoning.Transient(err) != transient || reasoning.Permanent(err) == transient {
			t.Errorf("%d %s: transient is %v, permanent is %v", test.status, test.body, reasoning.Transient(err), reasoning.Permanent(err))
		}
		if delay := reasoning.Delay(err); transient != (delay == 3*time.Second) {
			t.Errorf("%d %s: delay is %v", test.status, test.body, delay)
		}
	}
}

// What the model processed before it failed at a step is billed, as failed, with what it found in its cache.
func TestTokensBeforeAFailureAreBilled(t *testing.T) {
	answer := `{"choices":[{"logprobs":{"content":[{"token":"+","top_logprobs":[{"token":"+","logprob":-1}]}]}}],
		"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":4}}}`
	two := reasoning.Usage{Verifier: 12, Cached: 8, FLOPs: 12 * 2000}
	for name, c := range map[string]struct {
		status int
		third  string // the answer to the third of three requests
		want   reasoning.Usage
	}{
		"unavailable": {503, ``, two},
		"no score":    {200, `{"choices":[],"usage":{"prompt_tokens":3}}`, two.Add(reasoning.Usage{Verifier: 3, FLOPs: 3 * 2000})},
	} {
		requests := 0
		e := serve(t, "rlhflow", func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests < 3 {
				io.WriteString(w, answer)
				return
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.third)
		})
		three := request
		three.Steps = []string{"1", "2", "3"}
		got, err := e.Score(t.Context(), three)
		if want := reasoning.Wasted(reasoning.Waste{Failed: c.want}); err == nil || got.Cost() != want || got.Scores != nil {
			t.Errorf("%s: got %+v and error %v, want %+v", name, got, err, want)
		}
	}
}

// A server that states counts which the request cannot have is refused, and named.
func TestImplausibleCountsAreRefused(t *testing.T) {
	for _, counts := range []string{
		`"prompt_tokens":-1`, `"prompt_tokens":9e9`, `"prompt_tokens":9,"completion_tokens":-5`,
		`"prompt_tokens":9,"completion_tokens":99999`, `"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":10}`,
		`"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":-1}`,
	} {
		e := serve(t, "qwen2.5-math-prm", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"data":[{"data":[[0.5,0.5],[0.5,0.5]]}],"usage":{`+counts+`}}`)
		})
		got, err := e.Score(t.Context(), request)
		if !errors.Is(err, modelserver.ErrResponse) || !reasoning.Permanent(err) || !strings.Contains(err.Error(), "http://") ||
			got.Cost() != (reasoning.Cost{}) {
			t.Errorf("%s: got %+v and error %v, want ErrResponse that names the server", counts, got, err)
		}
	}
}

// silent is a transport that never responds.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestSilentServerTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engineOf(t, "rlhflow", Config{BaseURL: "http://silent", Timeout: time.Minute, Transport: silent{}})
		start := time.Now()
		_, err := e.Score(t.Context(), request)
		if !errors.Is(err, reasoning.ErrUnavailable) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v, want ErrUnavailable after 1m", err, time.Since(start))
		}
	})
}

func TestMarksAreEscaped(t *testing.T) {
	for _, f := range families {
		words := append([]string{"<", "|", ">", " ", "\n", "a", "к", "и", "<extra_0", "_0>"}, f.marks...)
		rapid.Check(t, func(t *rapid.T) {
			text := strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(t, "words"), "")
			got, had := f.escape(text), false
			for _, mark := range f.marks {
				had = had || strings.Contains(text, mark)
				if strings.Contains(got, mark) {
					t.Errorf("%s: %q becomes %q, which still has %q", f.Name, text, got, mark)
				}
			}
			if !had && got != text {
				t.Errorf("%s: %q has no mark and becomes %q", f.Name, text, got)
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	family, err := Lookup("rlhflow")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		corrupt func(*Config)
		names   string
	}{
		{func(c *Config) { c.BaseURL = "ftp://x" }, "ftp://x"},
		{func(c *Config) { c.Model = "" }, "model"},
		{func(c *Config) { c.Family = Family{} }, "family"},
		{func(c *Config) { c.Aggregator = 9 }, "aggregator"},
		{func(c *Config) { c.Parameters = -1 }, "parameters"},
		{func(c *Config) { c.MaxInFlight = -1 }, "max in flight"},
		{func(c *Config) { c.Timeout = -1 }, "timeout"},
	} {
		c := Config{BaseURL: "http://localhost:8000/v1", Model: "m", Family: family}
		if _, err := New(c); err != nil {
			t.Fatal(err)
		}
		test.corrupt(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), test.names) {
			t.Errorf("got %v, want an error that names %q", err, test.names)
		}
	}
	if _, err := Lookup("oracle"); err == nil || !strings.Contains(err.Error(), "math-shepherd") {
		t.Errorf("got %v, want an error that names the families", err)
	}
}

// The context that a server tells bounds the problem; one that is not told bounds nothing.
func TestContextIsThatOfTheServer(t *testing.T) {
	length := `,"max_model_len":64`
	e := serve(t, "qwen2.5-math-prm", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"data":[{"id":"prm","owned_by":"vllm"%s}]}`, length)
	})
	for _, want := range []int{63, 0} {
		if err := e.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m, err := e.RewardModel(t.Context()); err != nil || m.Capabilities.Input.Tokens != want {
			t.Errorf("got %+v and error %v, want room for %d tokens", m, err, want)
		}
		length = ""
	}
}
