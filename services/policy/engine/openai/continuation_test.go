package openai

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// throttling refuses the second request with status 429 and this Retry-After.
type throttling struct {
	http.RoundTripper
	retryAfter string
	requests   atomic.Int32
}

func (t *throttling) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.requests.Add(1) != 2 {
		return t.RoundTripper.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {t.retryAfter}},
		Body: io.NopCloser(strings.NewReader("slow down")),
	}, nil
}

// An engine that has a part of a text waits for its server: with backoff, or as long as the
// server asks for, at most a minute. After that the text is wasted, and on the bill.
func TestWaitBeforeContinuing(t *testing.T) {
	for _, test := range []struct {
		name       string
		mode       modelservertest.Mode
		retryAfter string
		took       time.Duration
		delay      time.Duration // of the error; 0: there is a child
	}{
		{"restarting", modelservertest.ModeDies, "", 300 * time.Millisecond, 0},
		{"throttled", modelservertest.ModeAbort, "7", 7 * time.Second, 0},
		{"throttled for long", modelservertest.ModeAbort, "61", 0, 61 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := modelservertest.StartPiped(t, modelservertest.Options{Mode: test.mode, Text: solution})
				transport := s.Transport()
				if test.retryAfter != "" {
					transport = &throttling{RoundTripper: transport, retryAfter: test.retryAfter}
				}
				e := newEngine(t, Config{
					BaseURL: s.URL, Dialect: DialectVLLM, Template: lookup(t, "steps-chatml"), Transport: transport,
				})
				began := time.Now()
				child, err := expand(t, e, newRequest(policy.Whole, 0))
				if took := time.Since(began); took != test.took || reasoning.Delay(err) != test.delay {
					t.Errorf("got %v with a delay of %v after %v, want %v after %v",
						err, reasoning.Delay(err), took, test.delay, test.took)
				}
				generated, _ := s.Generated()
				if (err == nil) != (test.delay == 0) || child.Usage.Generated != int64(generated) {
					t.Errorf("got error %v and a bill of %d tokens, the server generated %d", err, child.Usage.Generated, generated)
				}
			})
		})
	}
}

// The request that continues a text ends with what was generated, has the tokens that are
// left and another seed, and each request's prompt is on the bill.
func TestContinuedRequest(t *testing.T) {
	s, e := standIn(t, "steps-chatml", modelservertest.Options{Mode: modelservertest.ModeAbort})
	child, err := expand(t, e, newRequest(policy.Whole, 0))
	if err != nil {
		t.Fatal(err)
	}
	requests := s.Requests()
	first, second := requests[0].Body, requests[1].Body
	half := strings.Join(solution[:len(solution)/2], "")
	if second["prompt"] != first["prompt"].(string)+half {
		t.Errorf("the second prompt is %q, want the first and %q", second["prompt"], half)
	}
	if left := first["max_tokens"].(float64) - second["max_tokens"].(float64); left != float64(len(solution)/2) {
		t.Errorf("the second request may have %v tokens, the first %v", second["max_tokens"], first["max_tokens"])
	}
	if first["seed"] == second["seed"] {
		t.Errorf("both requests have seed %v: the server may repeat what it generated", first["seed"])
	}
	if _, prompt := s.Generated(); child.Usage.Prompt != int64(prompt) || child.Usage.Cached != 0 {
		t.Errorf("billed %+v, the server read %d tokens of prompts", child.Usage, prompt)
	}
}

// Siblings on a server without a cache are each charged with the prompt that each has read.
func TestPromptsAreChargedByRequest(t *testing.T) {
	s, e := standIn(t, "steps", modelservertest.Options{})
	got, err := collect(t, e, newRequest(policy.Whole, 0, 1, 2, 3, 4, 5, 6, 7))
	if err != nil || len(got) != 8 {
		t.Fatalf("got %d children and error %v", len(got), err)
	}
	var sum reasoning.Usage
	for _, c := range got {
		sum = sum.Add(c.Usage)
	}
	generated, prompt := s.Generated()
	if sum.Prompt != int64(prompt) || sum.Generated != int64(generated) || prompt != 8*s.Requests()[0].Prompt {
		t.Errorf("billed %+v, the server read %d tokens and generated %d", sum, prompt, generated)
	}
}
