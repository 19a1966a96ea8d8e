package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

const openingFrame = `data: {"index":0,"content":"1","stop":false,"tokens_predicted":1}` + "\n\n"

func llama(c *Config) { c.Dialect = DialectLlamaCpp }

func TestFailuresMapToErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		status  int
		body    string
		want    error
		message string
	}{
		{"busy", 503, `{"error":{"message":"Loading model"}}`, reasoning.ErrUnavailable, "Loading model"},
		{"too many", 429, `{"error":{"message":"slow down"}}`, reasoning.ErrOverloaded, "slow down"},
		{"broken", 500, `{"error":{"message":"CUDA error"}}`, reasoning.ErrUnavailable, "CUDA error"},
		{"bad request", 400, `{"error":{"message":"prompt does not fit"}}`, reasoning.ErrInvalid, "prompt does not fit"},
		{"no such model", 404, `{"error":{"message":"no model toy"}}`, policy.ErrModel, "check --policy-model"},
		{"no such path", 404, `{"detail":"Not Found"}`, modelserver.ErrResponse, "check --policy-url"},
		{"key refused", 401, `{"error":{"message":"bad key"}}`, modelserver.ErrKey, "set PONDER_POLICY_API_KEY"},
		{"redirect", 302, ``, modelserver.ErrResponse, "redirects are not followed"},
		{"error in the stream", 200, openingFrame + `data: {"error":{"code":500,"message":"slot died"}}` + "\n\n",
			reasoning.ErrUnavailable, "slot died"},
		{"stream ends early", 200, openingFrame, reasoning.ErrUnavailable, "ended before the text did"},
		{"empty stream", 200, ``, reasoning.ErrUnavailable, "ended before the text did"},
		{"cut within an event", 200, "data: {\"index", reasoning.ErrUnavailable, "ended before the text did"},
		{"not JSON", 200, "data: {\"index\n\n" + openingFrame, modelserver.ErrResponse, `{\"index`},
		{"HTML page", 200, "<html>hello</html>", modelserver.ErrResponse, "check --policy-url"},
		{"choice out of range", 200, `data: {"index":7,"content":"1"}` + "\n\n", modelserver.ErrResponse, "choice 7 of 1"},
		{"prompt of negative size", 200, `data: {"index":0,"content":"1","timings":{"prompt_n":-5}}` + "\n\n",
			modelserver.ErrResponse, "states -5 tokens of the prompt"},
		{"negative cache", 200, `data: {"index":0,"content":"1","timings":{"prompt_n":5,"cache_n":-1}}` + "\n\n",
			modelserver.ErrResponse, "-1 of them cached"},
		{"prompt larger than its bytes", 200, `data: {"index":0,"content":"1","timings":{"prompt_n":1000000}}` + "\n\n",
			modelserver.ErrResponse, "states 1000000 tokens of the prompt"},
		{"negative count", 200, `data: {"index":0,"content":"1","tokens_predicted":-1}` + "\n\n",
			modelserver.ErrResponse, "states -1 tokens"},
		{"no integer", 200, `data: {"index":0,"content":"1","tokens_predicted":1e30}` + "\n\n" + openingFrame,
			modelserver.ErrResponse, "tokens_predicted"},
		{"text that no request can continue", 200,
			`data: {"index":0,"content":"` + strings.Repeat("x", policy.MaxPrefix+1) + `","tokens_predicted":1}` + "\n\n",
			modelserver.ErrResponse, "text has more than 1048576 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}, llama)
			got, err := collect(t, e, newRequest(1, 0))
			if err == nil || len(got) > 0 || !strings.Contains(err.Error(), test.message) {
				t.Fatalf("got %v and error %.300v, want one that contains %q", got, err, test.message)
			}
			if !errors.Is(err, test.want) || reasoning.Permanent(err) == reasoning.Transient(err) ||
				reasoning.Transient(err) != (test.want == reasoning.ErrOverloaded || test.want == reasoning.ErrUnavailable) {
				t.Errorf("error %q: transient is %v, want %q", err, reasoning.Transient(err), test.want)
			}
		})
	}
}

func TestUnknownFinishIsAnError(t *testing.T) {
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `data: {"choices":[{"index":0,"text":"I can","finish_reason":"content_filter"}]}`+"\n\n")
	}, func(c *Config) { c.Dialect = DialectVLLM })
	if got, err := collect(t, e, newRequest(1, 0)); err == nil || !strings.Contains(err.Error(), "content_filter") {
		t.Errorf("got %v and %v, want an error that names the reason", got, err)
	}
}

func TestChildrenInFlightComeBeforeTheError(t *testing.T) {
	arrived := make(chan struct{}, 3)
	fail := make(chan struct{})
	var n atomic.Int32
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			<-fail
			http.Error(w, "slot died", http.StatusInternalServerError)
			return
		}
		arrived <- struct{}{}
		toyCompletion(w, r)
	}, llama)
	go func() {
		for range 3 {
			<-arrived
		}
		close(fail)
	}()
	got, err := collect(t, e, newRequest(1, 0, 1, 2, 3))
	if len(got) != 3 || !errors.Is(err, reasoning.ErrUnavailable) {
		t.Errorf("got %d children and error %v, want 3 and the one that failed", len(got), err)
	}
}

// hang returns a handler that sends opening and then blocks until the client
// disconnects. It signals both.
func hang(opening string, sent, disconnected chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // net/http watches the connection only after the body is read
		io.WriteString(w, opening)
		w.(http.Flusher).Flush()
		sent <- struct{}{}
		<-r.Context().Done()
		disconnected <- struct{}{}
	}
}

func TestWastedTokensAreCounted(t *testing.T) {
	requests := int64(0)
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		io.WriteString(w, openingFrame+`data: {"index":0,"content":"+","stop":false,"tokens_predicted":2}`+"\n\n")
	}, llama)
	for c, err := range e.Expand(t.Context(), newRequest(policy.Whole, 0)) {
		if err == nil || c.Usage.Generated != 2*requests || len(c.Steps) > 0 || requests != 1+maxContinuations {
			t.Errorf("got %+v and %v, want an error and two wasted tokens for each of %d requests", c, err, requests)
		}
	}
}

func TestCancelReachesTheServer(t *testing.T) {
	sent, disconnected := make(chan struct{}), make(chan struct{}, 8)
	e := serve(t, hang(openingFrame, sent, disconnected), llama)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 3 {
			<-sent
		}
		cancel()
	}()
	for c, err := range e.Expand(ctx, newRequest(policy.Whole, 0, 1, 2)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v and %v, want canceled", c, err)
		}
	}
	for range 3 {
		<-disconnected // blocks for ever if the cancellation does not arrive
	}
}

func TestCutCancelsTheRest(t *testing.T) {
	sent, disconnected := make(chan struct{}, 1), make(chan struct{})
	chunk := `data: {"choices":[{"index":0,"text":"1+1=2\nA:",` +
		`"logprobs":{"tokens":["1+1","=2\n","A:"],"token_logprobs":[-1,-1,-1]}}]}` + "\n\n"
	e := serve(t, hang(chunk, sent, disconnected), func(c *Config) { c.Dialect = DialectGeneric })
	got, err := collect(t, e, newRequest(1, 0))
	if err != nil || len(got) != 1 || got[0].Finish != reasoning.FinishStep || got[0].Usage.Generated != 3 {
		t.Errorf("got %+v and %v, want one step of 3 tokens", got, err)
	}
	<-disconnected
}

func TestBreakStopsTheOthers(t *testing.T) {
	sent, disconnected := make(chan struct{}, 2), make(chan struct{}, 2)
	var n atomic.Int32
	silent := hang(openingFrame, sent, disconnected)
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			silent(w, r)
			return
		}
		<-sent // both others are running
		<-sent
		toyCompletion(w, r)
	}, llama)
	for _, err := range e.Expand(t.Context(), newRequest(1, 0, 1, 2)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	<-disconnected
	<-disconnected
}

func TestMaxInFlight(t *testing.T) {
	var now, most atomic.Int32
	handler := func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			old := most.Load()
			if n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		toyCompletion(w, r)
	}
	e := serve(t, handler, func(c *Config) { c.Dialect, c.MaxInFlight = DialectLlamaCpp, 2 })
	if got, err := collect(t, e, newRequest(1, 0, 1, 2, 3, 4, 5, 6, 7)); len(got) != 8 || err != nil || most.Load() > 2 {
		t.Errorf("got %d children, error %v, %d requests at once, want at most 2", len(got), err, most.Load())
	}

	// The control: without the limit all eight run concurrently, otherwise none returns.
	all := make(chan struct{})
	var running atomic.Int32
	e = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if running.Add(1) == 8 {
			close(all)
		}
		<-all
		toyCompletion(w, r)
	}, llama)
	if got, err := collect(t, e, newRequest(1, 0, 1, 2, 3, 4, 5, 6, 7)); len(got) != 8 || err != nil {
		t.Errorf("got %d children and error %v", len(got), err)
	}
}

// stalled is a transport whose server sends count events, one every 30 s, and then
// stalls.
type stalled struct{ count int }

func (s stalled) RoundTrip(r *http.Request) (*http.Response, error) {
	read, write := io.Pipe()
	go func() {
		for range s.count {
			time.Sleep(30 * time.Second)
			if _, err := io.WriteString(write, openingFrame); err != nil {
				return
			}
		}
		<-r.Context().Done()
		write.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: http.StatusOK, Body: read}, nil
}

func TestIdleStreamsTimeOut(t *testing.T) {
	for _, count := range []int{0, 5} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine(t, Config{
				BaseURL: "http://stalled", Dialect: DialectLlamaCpp, Idle: time.Minute, Transport: stalled{count},
			})
			start := time.Now()
			_, err := collect(t, e, newRequest(policy.Whole, 0))
			took, want := time.Since(start), time.Duration(count)*30*time.Second+time.Minute
			idle := errors.Is(err, reasoning.ErrUnavailable) && strings.Contains(fmt.Sprint(err), "nothing received for 1m0s")
			if !idle || took != want {
				t.Errorf("%d events: got %v after %v, want ErrUnavailable after %v", count, err, took, want)
			}
		})
	}
}

// A slow caller holds no slot: another expansion runs meanwhile.
func TestSlowCallerHoldsNoSlot(t *testing.T) {
	e := serve(t, toy, func(c *Config) { c.Dialect, c.MaxInFlight = DialectLlamaCpp, 1 })
	for _, err := range e.Expand(t.Context(), newRequest(1, 0, 1, 2)) {
		if err != nil {
			t.Fatal(err)
		}
		if got, err := collect(t, e, newRequest(1, 9)); len(got) != 1 || err != nil {
			t.Fatalf("got %d children and %v", len(got), err)
		}
	}
}
