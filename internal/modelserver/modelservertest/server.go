// Package modelservertest has a server for tests that stands in for vLLM, llama.cpp and
// other servers of language models. It sends what they send, and fails as they do; its
// model generates known tokens. It counts what it generates, independent of what it tells.
package modelservertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Wire is the format of a Server's responses.
type Wire int

const (
	WireVLLM     Wire = iota // OpenAI's API with vLLM's additions
	WireLlamaCpp             // llama.cpp's own /completion, and its chat
	WireOpenAI               // OpenAI's API and nothing else
)

func (w Wire) String() string { return [...]string{"vllm", "llamacpp", "generic"}[w] }

// owner returns what the server's list of models says of its kind.
func (w Wire) owner() string { return [...]string{"vllm", "llamacpp", "openai"}[w] }

// ModelName is the name of the model of a Server.
const ModelName = "stand-in"

// Options describe a Server.
type Options struct {
	Wire     Wire
	Mode     Mode
	Text     []string      // tokens of the text; a prompt that ends with the first of them is continued
	Thinking []string      // tokens of the thinking before the text
	Pause    time.Duration // see ModeSlow; for servers in a bubble of synctest
	Field    string        // of a chat, for the thinking; empty: that of the mode and the wire

	// ModeOf, if not nil, returns the mode in which request number n, from 1, is served.
	ModeOf func(n int) Mode
	// Before, if not nil, is called before token number n, from 0, of a stream. It returns when
	// the token may be generated, or when ctx, which is that of the request, ends.
	Before func(ctx context.Context, n int)

	Context    int  // tokens of the model's context, which the server tells and enforces; 0: it does neither
	NoContinue bool // refuses to continue the last turn of a chat
}

// A Request is what a Server knows of one request to generate.
type Request struct {
	Path      string
	Header    http.Header
	Body      map[string]any
	Prompt    int  // tokens of the prompt: its words
	Generated int  // tokens, sent or not
	Ended     bool // the server sent all that it had to send
}

// A Server is a running stand-in. It is safe for concurrent use.
type Server struct {
	URL     string // of the OpenAI API
	options Options
	pipes   *pipes // nil: it listens on loopback

	mu       sync.Mutex
	requests []*Request // guarded by mu, as are their contents
}

// Start runs a server on loopback until the test ends.
func Start(t testing.TB, o Options) *Server {
	s := &Server{options: o}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL + "/v1"
	if o.Mode == ModeRefused {
		h.Close()
	}
	return s
}

// StartPiped runs a server without a socket until the test ends, for bubbles of synctest:
// its clients use its Transport.
func StartPiped(t testing.TB, o Options) *Server {
	s := &Server{URL: "http://stand-in/v1", options: o}
	s.pipes = servePiped(t, s)
	return s
}

// servePiped serves h without a socket until the test ends.
func servePiped(t testing.TB, h http.Handler) *pipes {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() { server.Serve(p); close(served) }()
	t.Cleanup(func() { server.Close(); <-served })
	return p
}

// Transport returns a transport to a server that runs without a socket.
func (s *Server) Transport() http.RoundTripper { return s.pipes.transport() }

// Requests returns the requests to generate so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Request
	for _, r := range s.requests {
		all = append(all, *r)
	}
	return all
}

// Generated returns the number of tokens that the model has generated, and of those of the
// prompts that it has read.
func (s *Server) Generated() (generated, prompt int) {
	for _, r := range s.Requests() {
		generated += r.Generated
		prompt += r.Prompt
	}
	return generated, prompt
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/models":
		if refused(w, s.options.Mode) {
			return
		}
		context := ""
		if s.options.Wire == WireVLLM && s.options.Context > 0 {
			context = fmt.Sprintf(`,"max_model_len":%d`, s.options.Context)
		}
		fmt.Fprintf(w, `{"object":"list","data":[{"id":%q,"object":"model","created":1,"owned_by":%q%s}]}`,
			ModelName, s.options.Wire.owner(), context)
	case "/v1/completions", "/v1/chat/completions", "/completion":
		s.generate(w, r)
	case "/props":
		if s.options.Wire == WireLlamaCpp && s.options.Context > 0 {
			fmt.Fprintf(w, `{"default_generation_settings":{"n_ctx":%d},"total_slots":1}`, s.options.Context)
			return
		}
		fallthrough
	default:
		fail(w, http.StatusNotFound, "File Not Found", "not_found_error")
	}
}

// exceeds returns why the request does not fit the context, or what it asks for is not served, and
// "" if it can be served.
func (s *Server) exceeds(r *Request) string {
	o := s.options
	switch {
	case o.Context > 0 && r.Prompt >= o.Context:
		return fmt.Sprintf("This model's maximum context length is %d tokens. However, your request has %d input tokens.", o.Context, r.Prompt)
	case o.Context > 0 && o.Wire == WireVLLM && r.Prompt+(&reply{server: s, body: r.Body}).limit() > o.Context:
		return fmt.Sprintf("'max_tokens' or 'max_completion_tokens' is too large. This model's maximum context length is %d tokens.", o.Context)
	case o.NoContinue && endsWithAssistant(r.Body):
		return "Assistant response prefill is incompatible with enable_thinking."
	}
	return ""
}

// endsWithAssistant reports whether the last turn of a chat is to be continued.
func endsWithAssistant(body map[string]any) bool {
	messages, _ := body["messages"].([]any)
	if len(messages) == 0 {
		return false
	}
	last, _ := messages[len(messages)-1].(map[string]any)
	return last["role"] == "assistant"
}

// generate serves a request to generate.
func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		fail(w, http.StatusBadRequest, err.Error(), "BadRequestError")
		return
	}
	prompt := promptOf(body)
	request := &Request{Path: r.URL.Path, Header: r.Header, Body: body, Prompt: len(strings.Fields(prompt))}
	s.mu.Lock()
	s.requests = append(s.requests, request)
	number := len(s.requests)
	s.mu.Unlock()
	mode := s.options.Mode.at(number)
	if s.options.ModeOf != nil {
		mode = s.options.ModeOf(number).at(1)
	}
	if refused(w, mode) {
		return
	}
	if why := s.exceeds(request); why != "" {
		fail(w, http.StatusBadRequest, why, "BadRequestError")
		return
	}
	reply := &reply{server: s, request: request, mode: mode, http: w, ctx: r.Context(), body: body}
	reply.chat = r.URL.Path == "/v1/chat/completions"
	reply.native = r.URL.Path == "/completion"
	reply.generate(prompt)
}

// promptOf returns the text that the model continues.
func promptOf(body map[string]any) string {
	if prompt, ok := body["prompt"].(string); ok {
		return prompt
	}
	var all strings.Builder
	messages, _ := body["messages"].([]any)
	for _, m := range messages {
		m, _ := m.(map[string]any)
		fmt.Fprintf(&all, "%v: %v", m["role"], m["content"])
	}
	return all.String()
}

// refused sends an error status if the mode has one.
func refused(w http.ResponseWriter, m Mode) bool {
	switch m {
	case ModeUnauthorized:
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":"Unauthorized"}`)
	case ModeOtherModel:
		fail(w, http.StatusNotFound, "The model `"+ModelName+"` does not exist.", "NotFoundError")
	case ModeRestarting:
		fail(w, http.StatusServiceUnavailable, "Loading model", "unavailable_error")
	case ModeThrottled:
		fail(w, http.StatusTooManyRequests, "Rate limit reached", "rate_limit_exceeded")
	case ModeThrottledSeconds:
		w.Header().Set("Retry-After", "7")
		fail(w, http.StatusTooManyRequests, "Rate limit reached", "rate_limit_exceeded")
	case ModeThrottledDate:
		now := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(90*time.Second).Format(http.TimeFormat))
		fail(w, http.StatusTooManyRequests, "Rate limit reached", "rate_limit_exceeded")
	case ModePage:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n")
	default:
		return false
	}
	return true
}

// fail sends an error in the form that vLLM and llama.cpp share.
func fail(w http.ResponseWriter, status int, message, kind string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": kind, "code": status}})
}

// pipes is a net.Listener whose connections are pipes.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{} // closed by Close
}

// transport returns a transport that dials p.
func (p *pipes) transport() http.RoundTripper {
	return &http.Transport{DialContext: p.dial, DisableKeepAlives: true}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error { p.once.Do(func() { close(p.done) }); return nil }

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
