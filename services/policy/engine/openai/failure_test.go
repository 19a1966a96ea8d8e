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

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

const openingFrame = `data: {"index":0,"content":"1","stop":false,"tokens_predicted":1}` + "\n\n"

func llama(c *Config) { c.Dialect = DialectLlamaCpp }

func TestFailuresAreSorted(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   error
		words  string
	}{
		{"busy", 503, `{"error":{"message":"Loading model"}}`, reasoning.ErrOverloaded, "Loading model"},
		{"too many", 429, `{"error":{"message":"slow down"}}`, reasoning.ErrOverloaded, "slow down"},
		{"broken", 500, `{"error":{"message":"CUDA error"}}`, reasoning.ErrUnavailable, "CUDA error"},
		{"bad request", 400, `{"error":{"message":"prompt does not fit"}}`, reasoning.ErrInvalid, "prompt does not fit"},
		{"no such model", 404, `{"error":{"message":"no model toy"}}`, policy.ErrModel, "no model toy"},
		{"key refused", 401, `{"error":{"message":"bad key"}}`, nil, "bad key"},
		{"redirect", 302, ``, nil, "redirects are not followed"},
		{"error in the stream", 200, openingFrame + `data: {"error":{"code":500,"message":"slot died"}}` + "\n\n", reasoning.ErrUnavailable, "slot died"},
		{"stream ends early", 200, openingFrame, reasoning.ErrUnavailable, "ended before the text did"},
		{"nothing at all", 200, ``, reasoning.ErrUnavailable, "ended before the text did"},
		{"not JSON", 200, "data: {\"index\n\n", reasoning.ErrUnavailable, `{\"index`},
		{"a page of HTML", 200, "<html>hello</html>", reasoning.ErrUnavailable, "ended before the text did"},
		{"choice of nobody", 200, `data: {"index":7,"content":"1"}` + "\n\n", nil, "choice 7 of 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := engine(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}, llama)
			got, err := collect(t, e, ask(1, 0))
			if err == nil || len(got) > 0 || !strings.Contains(err.Error(), test.words) {
				t.Fatalf("got %v and error %v, want one that says %q", got, err, test.words)
			}
			for _, sort := range []error{reasoning.ErrOverloaded, reasoning.ErrUnavailable, reasoning.ErrInvalid, policy.ErrModel} {
				if is := errors.Is(err, sort); is != (sort == test.want) {
					t.Errorf("error %q is %q: %v", err, sort, is)
				}
			}
		})
	}
}

func TestUnknownFinishIsAnError(t *testing.T) {
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `data: {"choices":[{"index":0,"text":"I can","finish_reason":"content_filter"}]}`+"\n\n")
	}, func(c *Config) { c.Dialect = DialectVLLM })
	if got, err := collect(t, e, ask(1, 0)); err == nil || !strings.Contains(err.Error(), "content_filter") {
		t.Errorf("got %v and %v, want an error that names the reason", got, err)
	}
}

func TestWhatIsBeingWrittenComesBeforeTheError(t *testing.T) {
	arrived := make(chan struct{}, 3)
	fail := make(chan struct{})
	var n atomic.Int32
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
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
	got, err := collect(t, e, ask(1, 0, 1, 2, 3))
	if len(got) != 3 || !errors.Is(err, reasoning.ErrUnavailable) {
		t.Errorf("got %d children and error %v, want 3 and the one that failed", len(got), err)
	}
}

// hang says something and then nothing until its client is gone, which it tells.
func hang(opening string, said, gone chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does net/http watch the connection
		io.WriteString(w, opening)
		w.(http.Flusher).Flush()
		said <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	}
}

func TestWhatIsWrittenInVainIsCounted(t *testing.T) {
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, openingFrame+`data: {"index":0,"content":"+","stop":false,"tokens_predicted":2}`+"\n\n")
	}, llama)
	for c, err := range e.Expand(t.Context(), ask(policy.Whole, 0)) {
		if err == nil || c.Usage.Generated != 2 || len(c.Steps) > 0 {
			t.Errorf("got %+v and %v, want an error and the two tokens before it", c, err)
		}
	}
}

func TestCancelReachesTheServer(t *testing.T) {
	said, gone := make(chan struct{}), make(chan struct{}, 8)
	e := engine(t, hang(openingFrame, said, gone), llama)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 3 {
			<-said
		}
		cancel()
	}()
	for c, err := range e.Expand(ctx, ask(policy.Whole, 0, 1, 2)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v and %v, want canceled", c, err)
		}
	}
	for range 3 {
		<-gone // or the test hangs
	}
}

func TestACutCallsTheRestOff(t *testing.T) {
	said, gone := make(chan struct{}, 1), make(chan struct{})
	chunk := `data: {"choices":[{"index":0,"text":"1+1=2\nA:","logprobs":{"tokens":["1+1","=2\n","A:"],"token_logprobs":[-1,-1,-1]}}]}` + "\n\n"
	e := engine(t, hang(chunk, said, gone), func(c *Config) { c.Dialect = DialectGeneric })
	got, err := collect(t, e, ask(1, 0))
	if err != nil || len(got) != 1 || got[0].Finish != reasoning.FinishStep || got[0].Usage.Generated != 3 {
		t.Errorf("got %+v and %v, want one step of 3 tokens", got, err)
	}
	<-gone
}

func TestLeavingStopsTheOthers(t *testing.T) {
	said, gone := make(chan struct{}, 2), make(chan struct{}, 2)
	var n atomic.Int32
	silent := hang(openingFrame, said, gone)
	e := engine(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			silent(w, r)
			return
		}
		<-said // both are running
		<-said
		toyCompletion(w, r)
	}, llama)
	for _, err := range e.Expand(t.Context(), ask(1, 0, 1, 2)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	<-gone
	<-gone
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
	e := engine(t, handler, func(c *Config) { c.Dialect, c.MaxInFlight = DialectLlamaCpp, 2 })
	if got, err := collect(t, e, ask(1, 0, 1, 2, 3, 4, 5, 6, 7)); len(got) != 8 || err != nil || most.Load() > 2 {
		t.Errorf("got %d children, error %v, %d requests at once, want at most 2", len(got), err, most.Load())
	}

	// The control: without the limit all eight are there at once, or none is answered.
	all := make(chan struct{})
	var here atomic.Int32
	e = engine(t, func(w http.ResponseWriter, r *http.Request) {
		if here.Add(1) == 8 {
			close(all)
		}
		<-all
		toyCompletion(w, r)
	}, llama)
	if got, err := collect(t, e, ask(1, 0, 1, 2, 3, 4, 5, 6, 7)); len(got) != 8 || err != nil {
		t.Errorf("got %d children and error %v", len(got), err)
	}
}

// stalled is a server that sends an event every half a minute, count of them, and
// then nothing more.
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

func TestIdleStreamsAreGivenUp(t *testing.T) {
	for _, count := range []int{0, 5} {
		synctest.Test(t, func(t *testing.T) {
			e := engineOf(t, Config{BaseURL: "http://stalled", Dialect: DialectLlamaCpp, Idle: time.Minute, Transport: stalled{count}})
			start := time.Now()
			_, err := collect(t, e, ask(policy.Whole, 0))
			want := time.Duration(count)*30*time.Second + time.Minute
			if !errors.Is(err, reasoning.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "nothing came for 1m0s") || time.Since(start) != want {
				t.Errorf("%d events: got %v after %v, want ErrUnavailable after %v", count, err, time.Since(start), want)
			}
		})
	}
}

// A reader that takes its time holds no slot: another expansion gets through.
func TestASlowReaderHoldsNoSlot(t *testing.T) {
	e := engine(t, toy, func(c *Config) { c.Dialect, c.MaxInFlight = DialectLlamaCpp, 1 })
	for _, err := range e.Expand(t.Context(), ask(1, 0, 1, 2)) {
		if err != nil {
			t.Fatal(err)
		}
		if got, err := collect(t, e, ask(1, 9)); len(got) != 1 || err != nil {
			t.Fatalf("got %d children and %v", len(got), err)
		}
	}
}
