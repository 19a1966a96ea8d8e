package modelservertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// A Proxy stands between a worker and a Server, and counts the tokens that the server writes
// to the wire: those with a log-probability or, where there are none, pieces of text. It
// believes no count that the server states. It is safe for concurrent use.
type Proxy struct {
	URL   string // of the OpenAI API
	pipes *pipes // nil: it listens on loopback

	mu      sync.Mutex
	written int
	changed chan struct{} // closed when written changes
}

// StartProxy runs a proxy before a server until the test ends. It listens on loopback, or
// without a socket if the server has none.
func StartProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	p := &Proxy{changed: make(chan struct{})}
	forward := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval:  -1, // each event at once
		ModifyResponse: func(r *http.Response) error { r.Body = &counted{body: r.Body, proxy: p}; return nil },
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // http.Server discards the rest of a body when the response begins
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
	})
	if s.pipes == nil {
		forward.Transport = &http.Transport{DisableKeepAlives: true}
		h := httptest.NewServer(handler)
		t.Cleanup(h.Close)
		p.URL = h.URL + "/v1"
		return p
	}
	forward.Transport = s.Transport()
	p.pipes, p.URL = servePiped(t, handler), "http://proxy/v1"
	return p
}

// Transport returns a transport to a proxy that runs without a socket.
func (p *Proxy) Transport() http.RoundTripper { return p.pipes.transport() }

// Written returns the number of tokens that the server has written.
func (p *Proxy) Written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written
}

// Await blocks until the server has written n tokens. It returns an error if ctx ends before.
func (p *Proxy) Await(ctx context.Context, n int) error {
	for {
		p.mu.Lock()
		written, changed := p.written, p.changed
		p.mu.Unlock()
		if written >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the server has written %d tokens, want %d: %w", written, n, context.Cause(ctx))
		}
	}
}

// A counted is the body of a response, whose tokens count when the proxy has read them.
type counted struct {
	body  io.ReadCloser
	proxy *Proxy
	line  []byte // begun
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.body.Read(b)
	c.line = append(c.line, b[:n]...)
	for {
		line, rest, ok := bytes.Cut(c.line, []byte("\n"))
		if !ok {
			break
		}
		c.count(line)
		c.line = rest
	}
	if err != nil { // a document has no newline
		c.count(c.line)
		c.line = nil
	}
	return n, err
}

func (c *counted) Close() error { return c.body.Close() }

// count counts the tokens of a line.
func (c *counted) count(line []byte) {
	n := tokensOf(bytes.TrimPrefix(bytes.TrimSpace(line), []byte("data: ")))
	if n == 0 {
		return
	}
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.proxy.written += n
	close(c.proxy.changed)
	c.proxy.changed = make(chan struct{})
}

// A piece is a text of an event or document.
type piece struct {
	Text      string `json:"text"`
	Content   string `json:"content"`
	Reasoning string `json:"reasoning"`
	Thought   string `json:"reasoning_content"`
	Tools     []any  `json:"tool_calls"`
}

// empty reports whether there is no text.
func (p piece) empty() bool { return p.Text+p.Content+p.Reasoning+p.Thought == "" && len(p.Tools) == 0 }

// tokensOf returns the number of tokens of an event or a document, 0 if data is none.
func tokensOf(data []byte) (n int) {
	var e struct {
		piece
		Probabilities []any `json:"completion_probabilities"` // llama.cpp
		Choices       []struct {
			piece
			Delta    piece `json:"delta"`
			Message  piece `json:"message"`
			Logprobs struct {
				Tokens  []string `json:"tokens"`
				Content []any    `json:"content"`
			} `json:"logprobs"`
		} `json:"choices"`
	}
	if json.Unmarshal(bytes.ReplaceAll(data, []byte("NaN"), []byte("0")), &e) != nil {
		return 0
	}
	for _, c := range e.Choices {
		n += tokensIn(len(c.Logprobs.Tokens)+len(c.Logprobs.Content), c.piece, c.Delta, c.Message)
	}
	return n + tokensIn(len(e.Probabilities), e.piece)
}

// tokensIn returns how many tokens pieces have with this many log-probabilities: one of each
// piece of text if there are none.
func tokensIn(logprobs int, pieces ...piece) (n int) {
	for _, p := range pieces {
		if !p.empty() {
			n++
		}
	}
	return max(n, logprobs)
}
