package pocket

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newEngine(t testing.TB, m *Model, o Options) *Engine {
	t.Helper()
	e := NewEngine(m, o)
	t.Cleanup(func() { e.Close() })
	return e
}

// collect returns all children by index without their usage, which depends on the cache.
func collect(t testing.TB, e *Engine, r Request) []Child {
	t.Helper()
	children := make([]Child, len(r.Seeds))
	for c, err := range e.Generate(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		c.Usage = Usage{}
		children[c.Index] = c
	}
	return children
}

func seeds(from, n int) []uint64 {
	s := make([]uint64, n)
	for i := range s {
		s[i] = uint64(from + i)
	}
	return s
}

func request(from, n int) Request {
	return Request{Prompt: fmt.Sprintf("Tom has %d apples.\n", from), Seeds: seeds(from, n), MaxTokens: 12, Temperature: 1}
}

// TestBatchingChangesNothing checks that a child does not depend on the batch. With
// gonum's product of a transposed operand the test fails for more than 64 rows.
func TestBatchingChangesNothing(t *testing.T) {
	m := randomModel(t, large, 1)
	const n = 72
	alone := newEngine(t, m, Options{Workers: 1, Slots: 1, PrefixTokens: -1})
	want := make([]Child, n)
	for i := range n {
		r := request(0, 1)
		r.Seeds = []uint64{uint64(i)}
		want[i] = collect(t, alone, r)[0]
		want[i].Index = i
	}
	for _, o := range []Options{
		{Workers: 1, Slots: 2}, {Workers: 1, Slots: 7}, {Workers: 1, Slots: 64}, {Workers: 3, Slots: 16},
	} {
		e := newEngine(t, m, o)
		var others sync.WaitGroup
		for k := range 5 { // other prompts share the batches and the cache
			others.Go(func() { collect(t, e, request(10+k, 9)) })
		}
		if diff := cmp.Diff(want, collect(t, e, request(0, n))); diff != "" {
			t.Errorf("%+v: %s", o, diff)
		}
		others.Wait()
	}
}

func TestPrefixCacheChangesNothing(t *testing.T) {
	m := randomModel(t, tiny, 1)
	cold, warm := newEngine(t, m, Options{Workers: 1, PrefixTokens: -1}), newEngine(t, m, Options{Workers: 1})
	prompt := strings.Repeat("Tom has 12 apples. ", 9) + "\n"
	for _, step := range []string{"", "1+2=3\n", "1+2=4\n", "1+2=3\n3*4=12\n"} {
		r := Request{Prompt: prompt + step, Seeds: seeds(1, 3), MaxTokens: 20, Temperature: .8, TopP: .9}
		if diff := cmp.Diff(collect(t, cold, r), collect(t, warm, r)); diff != "" {
			t.Errorf("after %q: %s", step, diff)
		}
	}
}

func TestUsageChargesEachTokenOnce(t *testing.T) {
	m := randomModel(t, tiny, 1)
	e := newEngine(t, m, Options{Workers: 2})
	generate := func(prompt string) (computed, generated int) {
		r := Request{Prompt: prompt, Seeds: seeds(1, 5), MaxTokens: 8, Temperature: 1}
		for c, err := range e.Generate(t.Context(), r) {
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, s := range c.Steps {
				n += s.Tokens
			}
			if n != c.Usage.Generated || c.Usage.Prompt != len(prompt)+1 {
				t.Errorf("got usage %+v of a child with %d tokens after a prompt of %d", c.Usage, n, len(prompt)+1)
			}
			computed += c.Usage.Prompt - c.Usage.Cached
			generated += n
		}
		return computed, generated
	}
	prompt := "Ann has 3 pens.\n"
	if got, _ := generate(prompt); got != len(prompt)+1 {
		t.Errorf("computed %d tokens of a new prompt, want all %d", got, len(prompt)+1)
	}
	if got, _ := generate(prompt + "1+1=2\n"); got != len("1+1=2\n") {
		t.Errorf("computed %d tokens of a continued prompt, want %d", got, len("1+1=2\n"))
	}
}

// A sample that is cut after a step equals the one-step sample of the same seed, and its
// continuation with that seed gives the whole sample.
func TestCutSampleContinues(t *testing.T) {
	m := randomModel(t, tiny, 5)
	e := newEngine(t, m, Options{Workers: 1})
	prompt := "Ann has 3 pens.\n"
	cuts := 0
	for seed := range uint64(40) {
		r := Request{Prompt: prompt, Seeds: []uint64{seed}, MaxTokens: 200, Temperature: 1}
		whole := collect(t, e, r)[0]
		if len(whole.Steps) < 2 {
			continue
		}
		cuts++
		r.MaxSteps = 1
		first := collect(t, e, r)[0]
		if diff := cmp.Diff(whole.Steps[:1], first.Steps); diff != "" || first.Finish != FinishSteps {
			t.Fatalf("seed %d: finish %v, want steps: %s", seed, first.Finish, diff)
		}
		r.Prompt, r.MaxSteps, r.MaxTokens = prompt+first.Text(), 0, 200-first.Steps[0].Tokens
		rest := collect(t, e, r)[0]
		if diff := cmp.Diff(whole.Steps[1:], rest.Steps); diff != "" {
			t.Fatalf("seed %d continued: %s", seed, diff)
		}
	}
	if cuts < 5 {
		t.Fatalf("only %d samples had a second step", cuts)
	}
}

func TestBadRequests(t *testing.T) {
	e := newEngine(t, randomModel(t, tiny, 1), Options{Workers: 1})
	ok := Request{Prompt: "x\n", Seeds: seeds(0, 1), MaxTokens: 1}
	for name, change := range map[string]func(*Request){
		"prompt: 0 bytes": func(r *Request) { r.Prompt = "" },
		"prompt: char":    func(r *Request) { r.Prompt = "é" },
		"prompt: 601":     func(r *Request) { r.Prompt = strings.Repeat("x", 600) },
		"prompt: 200":     func(r *Request) { r.Prompt = strings.Repeat("x", 20000) },
		"seeds: 0":        func(r *Request) { r.Seeds = nil },
		"seeds: 1025":     func(r *Request) { r.Seeds = seeds(0, MaxChildren+1) },
		"max tokens":      func(r *Request) { r.MaxTokens = 0 },
		"max steps":       func(r *Request) { r.MaxSteps = -1 },
		"temperature: N":  func(r *Request) { r.Temperature = math.NaN() },
		"temperature: -":  func(r *Request) { r.Temperature = -1 },
		"top p":           func(r *Request) { r.TopP = 1.5 },
	} {
		r := ok
		change(&r)
		n := 0
		for _, err := range e.Generate(t.Context(), r) {
			n++
			if !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: got %d results, want one", name, n)
		}
	}
}

func TestFinishLength(t *testing.T) {
	e := newEngine(t, randomModel(t, tiny, 1), Options{Workers: 1})
	for _, c := range collect(t, e, Request{Prompt: "x\n", Seeds: seeds(0, 8), MaxTokens: 3, Temperature: 1}) {
		if c.Finish != FinishLength && c.Finish != FinishEnd {
			t.Errorf("got finish %v of %q, want length or end", c.Finish, c.Text())
		}
	}
	// The context limits the length too.
	long := strings.Repeat("x", 500)
	for _, c := range collect(t, e, Request{Prompt: long, Seeds: seeds(0, 4), MaxTokens: 1 << 30, Temperature: 1}) {
		if n := len(long) + 1 + len(c.Text()); n > tiny.context {
			t.Errorf("got %d tokens in a context of %d", n, tiny.context)
		}
	}
}

func TestCancelStopsBetweenTokens(t *testing.T) {
	e := newEngine(t, randomModel(t, tiny, 1), Options{Workers: 1, Slots: 4})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	for _, err := range e.Generate(ctx, request(0, 100)) {
		if err != nil && !errors.Is(err, stop) {
			t.Errorf("got %v, want the cancel's cause", err)
		}
	}
	// Breaking out of the loop stops the rest; the engine still serves.
	for range e.Generate(t.Context(), request(0, 1000)) {
		break
	}
	collect(t, e, request(0, 3))
}

// All children of a batch advance together. When the first finishes, each other child has
// finished too or has as many tokens, except for the pass in progress.
func TestWastedTokensAreCounted(t *testing.T) {
	m := randomModel(t, tiny, 1)
	e := newEngine(t, m, Options{Workers: 1, Slots: 8})
	r := Request{Prompt: "Tom has 3 apples.\n", Seeds: seeds(0, 8), MaxTokens: 40, Temperature: 1}
	uncancelled := 0
	for _, c := range collect(t, e, r) {
		for _, s := range c.Steps {
			uncancelled += s.Tokens
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	counted, first := 0, 0
	for c, err := range e.Generate(ctx, r) {
		if err != nil && len(c.Steps) > 0 {
			t.Errorf("got %+v beside error %v, want no steps", c, err)
		}
		counted += c.Usage.Generated
		if first == 0 {
			first = c.Usage.Generated
			cancel()
		}
	}
	if counted < 8*first-7 || counted > uncancelled {
		t.Errorf("counted %d tokens, want 8 times the %d of the first child less 7, and at most the %d without cancellation",
			counted, first, uncancelled)
	}
}

func TestCloseFailsRunningRequests(t *testing.T) {
	e := NewEngine(randomModel(t, large, 1), Options{Workers: 2, Slots: 2})
	var callers sync.WaitGroup
	started := make(chan struct{}, 4)
	for i := range 4 {
		callers.Go(func() {
			var last error
			first := true
			r := request(i, 500)
			r.MaxTokens = 400
			for _, err := range e.Generate(context.Background(), r) {
				if last = err; first {
					first = false
					started <- struct{}{}
				}
			}
			if !errors.Is(last, ErrClosed) {
				t.Errorf("got %v, want ErrClosed", last)
			}
		})
	}
	<-started
	e.Close()
	callers.Wait()
	for _, err := range e.Generate(t.Context(), request(0, 1)) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}
