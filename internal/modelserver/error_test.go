package modelserver

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

func TestStatusesMapToErrors(t *testing.T) {
	for _, test := range []struct {
		status  int
		body    string
		want    error
		message string
	}{
		{400, `{"error":{"message":"prompt is too long","code":400}}`, reasoning.ErrInvalid, "prompt is too long"},
		{413, `too big`, reasoning.ErrInvalid, "too big"},
		{422, `{"detail":[{"loc":["body","n"]}]}`, reasoning.ErrInvalid, `[{"loc":["body","n"]}]`},
		{429, `{"object":"error","message":"queue is full"}`, reasoning.ErrOverloaded, "queue is full"},
		{429, `{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}`, ErrKey,
			"check PONDER_POLICY_API_KEY"},
		{408, ``, reasoning.ErrUnavailable, "Request Timeout"},
		{503, `{"error":"Loading model"}`, reasoning.ErrUnavailable, "Loading model"},
		{500, "boom\n\n  boom", reasoning.ErrUnavailable, "boom boom"},
		{502, ``, reasoning.ErrUnavailable, "502 Bad Gateway"},
		{501, ``, ErrResponse, "check --policy-url"},
		{401, `{"error":{"message":"no such key"}}`, ErrKey, "no such key (check PONDER_POLICY_API_KEY)"},
		{403, ``, ErrKey, "check PONDER_POLICY_API_KEY"},
		{402, `{"message":"no credit"}`, ErrKey, "no credit (check PONDER_POLICY_API_KEY)"},
		{404, `{"error":{"message":"The model 'x' does not exist."}}`, ErrNoModel, "does not exist. (check --policy-model)"},
		{404, `{"detail":"Not Found"}`, ErrResponse, "check --policy-url"},
		{404, `<html><title>nginx</title>`, ErrResponse, "an HTML page (check --policy-url)"},
		{405, ``, ErrResponse, "check --policy-url"},
		{307, ``, ErrResponse, "redirects are not followed: set --policy-url to the final URL"},
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(test.status)
			io.WriteString(w, test.body)
		})
		err := c.Post(t.Context(), "completions", map[string]any{}, new(any))
		var status *StatusError
		switch {
		case !errors.As(err, &status) || status.Status != test.status:
			t.Errorf("%d: got %v, want a StatusError", test.status, err)
		case !strings.Contains(err.Error(), test.message) || !strings.Contains(err.Error(), c.URL()):
			t.Errorf("%d: got %q, want the URL and %q", test.status, err, test.message)
		case strings.Contains(err.Error(), "secret"):
			t.Errorf("%d: %q contains the key", test.status, err)
		}
		for _, class := range []error{
			reasoning.ErrInvalid, reasoning.ErrOverloaded, reasoning.ErrUnavailable, ErrKey, ErrNoModel, ErrResponse,
		} {
			if got := errors.Is(err, class); got != (class == test.want) {
				t.Errorf("%d: is %v: %v", test.status, class, got)
			}
		}
	}
}

// Without a key the remedy is to set one.
func TestMissingKey(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }))
	defer s.Close()
	for variable, remedy := range map[string]string{"PONDER_X_KEY": "(set PONDER_X_KEY)", "": "401 Unauthorized"} {
		c, err := New(Config{BaseURL: s.URL, Names: Names{Key: variable}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Ready(t.Context(), "m"); !errors.Is(err, ErrKey) || !strings.HasSuffix(err.Error(), remedy) {
			t.Errorf("got %v, want an ErrKey that ends in %q", err, remedy)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const now = "Thu, 26 Nov 2026 20:00:00 GMT"
	for _, test := range []struct {
		value string
		want  time.Duration
	}{
		{"", 0},
		{"7", 7 * time.Second},
		{" 1.5 ", 1500 * time.Millisecond},
		{"0", 0},
		{"-3", 0},
		{"NaN", 0},
		{"soon", 0},
		{"1e300", maxDelay},
		{"Thu, 26 Nov 2026 20:01:30 GMT", 90 * time.Second},
		{"Thursday, 26-Nov-26 20:00:01 GMT", time.Second},
		{"Thu, 26 Nov 2026 19:00:00 GMT", 0},
		{"Thu, 26 Nov 2099 19:00:00 GMT", maxDelay},
	} {
		for _, status := range []int{429, 503} {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", now)
				w.Header().Set("Retry-After", test.value)
				w.WriteHeader(status)
			})
			err := c.Get(t.Context(), "models", new(any))
			if got := reasoning.Delay(err); got != test.want || !reasoning.Transient(err) {
				t.Errorf("%d, %q: got %v with a delay of %v, want %v", status, test.value, err, got, test.want)
			}
		}
	}
}

func TestErrorsInStreams(t *testing.T) {
	for _, test := range []struct {
		data string
		want error
	}{
		{`{"error":{"code":429,"message":"slots are gone"}}`, reasoning.ErrOverloaded},
		{`{"error":{"message":"CUDA error"}}`, reasoning.ErrUnavailable},
		{`{"error":"model runner stopped"}`, reasoning.ErrUnavailable},
		{`{"choices":[],"error":null}`, nil},
		{`{"choices":[{"text":"\"error\": 7"}]}`, nil},
	} {
		if err := new(Client).StreamError("POST x", []byte(test.data)); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.data, err, test.want)
		}
	}
}

// A server refuses a request before it begins it if it cannot be reached or says that it is loading
// or busy. The controls are servers that may have begun it.
func TestRefusedRequests(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		handle func(http.ResponseWriter, *http.Request)
		want   bool
	}{
		"429": {status(429), true},
		"502": {status(502), true},
		"503": {status(503), true},
		"500": {status(500), false},
		"504": {status(504), false},
		"401": {status(401), false},
		"cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
	} {
		if err := serve(t, c.handle).Post(t.Context(), "completions", map[string]any{}, new(any)); reasoning.Refused(err) != c.want {
			t.Errorf("%s: got %v, which is refused: %v", name, err, !c.want)
		}
	}
	s := httptest.NewServer(nil)
	s.Close()
	c, err := New(Config{BaseURL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Post(t.Context(), "completions", map[string]any{}, new(any)); !reasoning.Refused(err) {
		t.Errorf("closed port: got %v, want it refused", err)
	}
}
