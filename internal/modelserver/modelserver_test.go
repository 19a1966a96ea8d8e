package modelserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/ponder-mesh/ponder/reasoning"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
)

func events(r io.Reader) (got []string, last error) {
	for data, err := range Events(r) {
		if err != nil {
			return got, err
		}
		got = append(got, string(data))
	}
	return got, nil
}

func TestEvents(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"plain", "data: a\n\ndata: b\n\n", []string{"a", "b"}},
		{"carriage returns", "data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", []string{"a", "b", "c"}},
		{"one space is removed", "data:a\n\ndata:  b\n\n", []string{"a", " b"}},
		{"many lines are one event", "data: a\ndata: b\n\n", []string{"a\nb"}},
		{"comments and other fields", ": ping\n\nevent: x\nid: 7\ndata: a\nretry: 3\n\ndatas: b\n\n", []string{"a"}},
		{"empty data is an event", "data\n\ndata:\n\n", []string{"", ""}},
		{"no last blank line", "data: a\n\ndata: [DONE]", []string{"a", "[DONE]"}},
		{"nothing", "\n\n\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				got, err := events(r)
				if diff := cmp.Diff(got, test.want); diff != "" || err != nil {
					t.Errorf("got error %v and (-got +want):\n%s", err, diff)
				}
			}
		})
	}
}

func TestEventsEndWithTheReadersError(t *testing.T) {
	cut := io.MultiReader(strings.NewReader("data: a\n\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
	got, err := events(cut)
	if diff := cmp.Diff(got, []string{"a"}); diff != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q and %v, want a and the reader's error", got, err)
	}
	long := strings.NewReader(strings.Repeat("data: "+strings.Repeat("x", 1<<20)+"\n", 5))
	if got, err := events(long); !errors.Is(err, errTooLong) || got != nil {
		t.Errorf("an endless event: got %d events and error %v, want %v", len(got), err, errTooLong)
	}
}

// FuzzSSE checks that Events returns the data that was sent, does not depend on how the
// bytes arrive, and accepts arbitrary bytes.
func FuzzSSE(f *testing.F) {
	f.Add([]byte("data: {\"a\":1}\n\n"), "{}")
	f.Add([]byte(": ping\r\n\r\ndata: x\rdata: y\r\r"), "a\nb")
	f.Fuzz(func(t *testing.T, raw []byte, data string) {
		whole, err := events(bytes.NewReader(raw))
		byByte, err2 := events(iotest.OneByteReader(bytes.NewReader(raw)))
		if diff := cmp.Diff(byByte, whole); diff != "" || (err == nil) != (err2 == nil) {
			t.Errorf("byte by byte: error %v, at once: error %v (-byte +once):\n%s", err2, err, diff)
		}
		data = strings.ReplaceAll(data, "\r", "")
		sent := "data: " + strings.ReplaceAll(data, "\n", "\ndata: ") + "\n\n"
		if got, err := events(strings.NewReader(sent)); err != nil || len(got) != 1 || got[0] != data {
			t.Errorf("sent %q, got %q and error %v", data, got, err)
		}
	})
}

func TestLogprobsInEitherFormat(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Logprobs
	}{
		{"completions", `{"tokens":["4","\n"],"token_logprobs":[-0.5,null],` +
			`"top_logprobs":[{"4":-0.5,"5":-1.5},null],"text_offset":[0,1]}`,
			Logprobs{
				{Text: "4", LogProb: -.5, Top: []Token{{Text: "4", LogProb: -.5}, {Text: "5", LogProb: -1.5}}},
				{Text: "\n"},
			}},
		{"chat", `{"content":[{"token":"4","logprob":-0.5,"bytes":[52],"top_logprobs":[{"token":"5","logprob":-1.5}]}]}`,
			Logprobs{{Text: "4", LogProb: -.5, Top: []Token{{Text: "5", LogProb: -1.5}}}}},
		{"part of a character", `{"content":[{"token":"\ufffd","logprob":-1,"bytes":[195]}]}`,
			Logprobs{{Text: "\xc3", LogProb: -1}}},
		{"ollama", `[{"token":"4","logprob":-0.5}]`, Logprobs{{Text: "4", LogProb: -.5}}},
		{"none", `{"content":null}`, nil},
	} {
		var got Logprobs
		if err := json.Unmarshal([]byte(test.text), &got); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", test.name, diff)
		}
	}
}

func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	names := Names{URL: "--policy-url", Model: "--policy-model", Key: "PONDER_POLICY_API_KEY"}
	c, err := New(Config{BaseURL: s.URL, Key: "secret", Names: names})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// A server's spans join the search's trace, and have the baggage of the search's client.
func TestTraceContextIsSent(t *testing.T) {
	var got http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header; io.WriteString(w, "{}") })
	state, err := trace.ParseTraceState("vendor=1")
	if err != nil {
		t.Fatal(err)
	}
	span := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{7: 2}, TraceFlags: trace.FlagsSampled, TraceState: state,
	})
	bag, err := baggage.Parse("team=red")
	if err != nil {
		t.Fatal(err)
	}
	ctx := baggage.ContextWithBaggage(trace.ContextWithSpanContext(t.Context(), span), bag)
	if err := c.Post(ctx, "completions", 1, new(any)); err != nil {
		t.Fatal(err)
	}
	if got.Get("baggage") != "team=red" {
		t.Errorf("got baggage %q", got.Get("baggage"))
	}
	const want = "00-00000000000000000000000000000001-0000000000000002-01"
	if got.Get("traceparent") != want || got.Get("tracestate") != "vendor=1" {
		t.Errorf("got traceparent %q and tracestate %q", got.Get("traceparent"), got.Get("tracestate"))
	}
	if err := c.Post(t.Context(), "completions", 1, new(any)); err != nil {
		t.Fatal(err)
	}
	if got.Get("traceparent")+got.Get("baggage") != "" {
		t.Errorf("without a span: got traceparent %q and baggage %q", got.Get("traceparent"), got.Get("baggage"))
	}
}

func TestRequests(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization"))
	})
	for path, want := range map[string]string{
		"models": "GET /v1/models Bearer secret", "/props": "GET /props Bearer secret",
	} {
		var got string
		if err := c.Get(t.Context(), path, &got); err != nil || got != want {
			t.Errorf("%s: got %q and %v, want %q", path, got, err, want)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.Get(cancelled, "models", new(string))
	if !errors.Is(err, context.Canceled) || errors.Is(err, reasoning.ErrUnavailable) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestRefusedConnectionIsUnavailable(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	c, err := New(Config{BaseURL: s.URL + "/v1/"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Get(t.Context(), "models", new(any))
	if !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(err.Error(), s.URL+"/v1/models") {
		t.Errorf("got %v, want an ErrUnavailable that names the URL", err)
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{
		"", "localhost:8000", "ftp://x/v1", "http://", "http://u:p@x/v1", "http://x/v1?a=b", "http://x/%zz",
	} {
		if _, err := New(Config{BaseURL: bad}); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
	for base, want := range map[string]string{
		"http://x": "http://x/v1", "http://x/": "http://x/v1", "https://x/api/v1/": "https://x/api/v1",
	} {
		c, err := New(Config{BaseURL: base})
		if err != nil || c.URL() != want {
			t.Errorf("%q: got %v and %v, want %q", base, c, err, want)
		}
	}
}

// If a server closes an idle connection as the next request arrives, the client repeats
// the request on a new connection.
func TestIdleConnectionThatCloses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { // sends one response, waits for the next request and closes the connection
				defer conn.Close()
				in := bufio.NewReader(conn)
				if r, err := http.ReadRequest(in); err == nil {
					io.Copy(io.Discard, r.Body)
					fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
					in.Peek(1)
				}
			}()
		}
	}()
	client, err := New(Config{BaseURL: "http://" + listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i := range 20 {
		var out struct{}
		if err := client.Post(t.Context(), "completions", map[string]int{"i": i}, &out); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
}

// A server is not ready while its health page says so, whatever the page is otherwise.
func TestReadyAsksTheHealthPage(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"llama.cpp loads":     {503, `{"error":{"message":"Loading model","code":503}}`, reasoning.ErrUnavailable},
		"llama.cpp is ready":  {200, `{"status":"ok"}`, nil},
		"vLLM's engine died":  {503, ``, reasoning.ErrUnavailable},
		"vLLM is ready":       {200, ``, nil},
		"no such page":        {404, `404 page not found`, nil},
		"page of the gateway": {401, `<html>log in</html>`, nil},
	} {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/models" {
				io.WriteString(w, `{"data":[{"id":"m"}]}`)
				return
			}
			if r.URL.Path != "/health" {
				t.Errorf("%s: request of %s", name, r.URL.Path)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		if _, err := client.Ready(t.Context(), "m"); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
