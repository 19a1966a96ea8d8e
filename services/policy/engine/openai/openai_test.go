package openai

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policy.Policy { return serve(t, toy, nil) }, policytest.Options{
		EachReads:       true,
		ReportsProgress: true,
		Leaks: []goleak.Option{ // idle connections, at both ends
			goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
			goleak.IgnoreAnyFunction("net/http.(*conn).serve"),
			goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"),
		},
	})
}

func TestConfigIsChecked(t *testing.T) {
	tmpl, err := template.Lookup("pocket")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		corrupt func(*Config)
		names   string
	}{
		{func(c *Config) { c.BaseURL = "localhost:8000" }, "localhost:8000"},
		{func(c *Config) { c.Model = "" }, "model"},
		{func(c *Config) { c.Template = template.Template{} }, "template"},
		{func(c *Config) { c.Dialect = "french" }, "french"},
		{func(c *Config) { c.MaxInFlight = -1 }, "max in flight"},
		{func(c *Config) { c.Idle = -1 }, "idle"},
		{func(c *Config) { c.Parameters = -1 }, "parameters"},
	} {
		c := Config{BaseURL: "http://localhost:8000/v1", Model: "m", Template: tmpl}
		if _, err := New(c); err != nil {
			t.Fatal(err)
		}
		test.corrupt(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), test.names) {
			t.Errorf("got %v, want an error that names %q", err, test.names)
		}
	}
}

func TestReady(t *testing.T) {
	list := `{"data":[{"id":"toy:latest"},{"id":"other"}]}`
	handler := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, list) }
	if err := serve(t, handler, nil).Ready(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	absent := serve(t, handler, func(c *Config) { c.Model = "absent" })
	err := absent.Ready(t.Context())
	if !errors.Is(err, policy.ErrModel) || !strings.Contains(err.Error(), "other") ||
		!strings.Contains(err.Error(), absent.config.BaseURL) {
		t.Errorf("got %v, want an ErrModel that names the URL and the server's models", err)
	}
	list = `{"data":[]}`
	if err := absent.Ready(t.Context()); err != nil {
		t.Errorf("a server that lists no models: got %v", err)
	}
	down := serve(t, handler, func(c *Config) { c.BaseURL = "http://127.0.0.1:1/v1" })
	err = down.Ready(t.Context())
	if !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %v, want an ErrUnavailable that names the URL", err)
	}
}

func TestDialectIsDetected(t *testing.T) {
	for owner, want := range map[string]Dialect{
		"vllm": DialectVLLM, "sglang": DialectSGLang, "llamacpp": DialectLlamaCpp, "library": DialectOllama,
		"openai": DialectGeneric,
	} {
		requests := 0
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			fmt.Fprintf(w, `{"data":[{"id":"toy","owned_by":%q}]}`, owner)
		}, nil)
		for range 2 {
			if got, err := e.detect(t.Context()); got != want || err != nil {
				t.Errorf("%s: got %v and %v, want %v", owner, got, err, want)
			}
		}
		if requests != 1 {
			t.Errorf("%s: got %d requests, want one", owner, requests)
		}
		provider := string(want)
		if want == DialectGeneric {
			provider = "openai"
		}
		if got := e.Provider(); got != provider {
			t.Errorf("%s: provider is %q, want %q", owner, got, provider)
		}
	}
}

func TestSeedsFitEveryServer(t *testing.T) {
	for _, seed := range []reasoning.Seed{0, 1, 1 << 63, ^reasoning.Seed(0), reasoning.Seed(7).Child(3)} {
		if got := portableSeed(seed); got < 1 || got >= 1<<31 {
			t.Errorf("seed %d: got %d, want 31 bits", seed, got)
		}
	}
	if portableSeed(reasoning.Seed(7).Child(0)) == portableSeed(reasoning.Seed(7).Child(1)) {
		t.Error("siblings have the same seed")
	}
}

// newRequest returns a request for children of the root.
func newRequest(span int, ordinals ...int) policy.Request {
	return policy.Request{
		Search: "test", Problem: "How many?", Ordinals: ordinals, Span: span, Seed: 7,
		Sampling: reasoning.Sampling{Temperature: .8, TopP: .95, MaxTokens: 64},
	}
}

// collect returns the children that Expand yields, by ordinal, and its error.
func collect(t *testing.T, e *Engine, r policy.Request) ([]policy.Child, error) {
	t.Helper()
	var children []policy.Child
	var last error
	for c, err := range e.Expand(t.Context(), r) {
		if last != nil {
			t.Errorf("the sequence went on after the error %v", last)
		}
		if last = err; err == nil {
			children = append(children, c)
		}
	}
	slices.SortFunc(children, func(a, b policy.Child) int { return a.Ordinal - b.Ordinal })
	return children, last
}
