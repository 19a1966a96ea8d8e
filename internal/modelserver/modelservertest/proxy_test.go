package modelservertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A proxy forwards what a server sends, and counts the tokens on the wire in every format, also
// where the server overstates them or breaks off, and where the client reads only a part.
func TestProxyCountsWhatTheServerWrites(t *testing.T) {
	text := []string{"Two", " and", " two", ".\n\n", "So", " \\boxed{4}", "."}
	for _, mode := range []Mode{
		ModeOK, ModeAbort, ModeAbortAlways, ModeAbortEmpty, ModeCut, ModeErrorEvent, ModeReasoning, ModeReasoningContent,
		ModeToolCalls, ModePlainJSON, ModeNoLogprobs, ModeUncounted, ModeNaN, ModeOverstates, ModePage, ModeThrottled,
	} {
		for _, wire := range []Wire{WireVLLM, WireLlamaCpp, WireOpenAI} {
			for _, path := range []string{"completions", "chat/completions", "/completion"} {
				t.Run(fmt.Sprintf("%v/%v/%s", mode, wire, path), func(t *testing.T) {
					s := Start(t, Options{Wire: wire, Mode: mode, Text: text})
					p := StartProxy(t, s)
					url := p.URL + "/" + path
					if path == "/completion" {
						if wire != WireLlamaCpp {
							t.Skip("only llama.cpp has it")
						}
						url = strings.TrimSuffix(p.URL, "/v1") + path
					}
					body := `{"prompt": "p", "messages": [], "stream": true, "logprobs": 1, "max_tokens": 6}`
					response, err := http.Post(url, "application/json", strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					defer response.Body.Close()
					io.Copy(io.Discard, response.Body) // fails where the server breaks off
					if want := s.Requests()[0].Generated; p.Written() != want {
						t.Errorf("counted %d tokens, the server wrote %d", p.Written(), want)
					}
				})
			}
		}
	}
}

// A client that goes away stops the server: the end of the test would wait for it.
func TestProxyStopsTheServer(t *testing.T) {
	gate := make(chan struct{})
	s := Start(t, Options{Text: []string{"a", "b", "c", "d"}, Before: func(ctx context.Context, n int) {
		if n == 2 {
			close(gate)
			<-ctx.Done()
		}
	}})
	p := StartProxy(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", p.URL+"/completions", strings.NewReader(`{"prompt": "p", "stream": true}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	<-gate
	if err := p.Await(t.Context(), 2); err != nil {
		t.Error(err)
	}
	cancel()
	io.Copy(io.Discard, response.Body)
	if got := p.Written(); got != 2 {
		t.Errorf("counted %d tokens, want 2", got)
	}
}
