package difficultyrpc

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A script is an Estimator that yields one estimate per second and then err, if it is
// not nil. It keeps the last request, and the error of a context that stopped it.
type script struct {
	estimates []difficulty.Estimate
	err       error
	request   difficulty.Request
	stopped   error
}

// Estimate implements difficulty.Estimator.
func (s *script) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	s.request = r
	return func(yield func(difficulty.Estimate, error) bool) {
		for _, e := range s.estimates {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				s.stopped = ctx.Err()
				yield(difficulty.Estimate{}, ctx.Err())
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if s.err != nil {
			yield(difficulty.Estimate{}, s.err)
		}
	}
}

var (
	request = difficulty.Request{
		Tenant:   "t",
		Search:   "s",
		Problem:  "p",
		Seed:     9,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
	}
	estimates = []difficulty.Estimate{
		{PassRate: 0.5, Low: 0.1, High: 0.9, Samples: 2, Usage: reasoning.Usage{Generated: 7}, New: []policy.Child{{
			Ordinal: 1,
			Steps:   []reasoning.Step{{Text: "A:1", Tokens: 3, Score: 0.5, Scored: true}},
			Finish:  reasoning.FinishEnd,
		}}},
		{PassRate: 0.75, Low: 0.5, High: 1, Samples: 4, Final: true},
	}
)

// estimate returns the first limit estimates of a request, or all if limit is 0, and
// the error that ended them.
func estimate(
	ctx context.Context, e difficulty.Estimator, r difficulty.Request, limit int,
) (got []difficulty.Estimate, last error) {
	for estimate, err := range e.Estimate(ctx, r) {
		if last = err; err == nil {
			got = append(got, estimate)
		}
		if len(got) == limit {
			break
		}
	}
	return got, last
}

// serve serves s over gRPC until the test ends and returns a client of it.
func serve(t *testing.T, s *script) *Client {
	return NewClient(rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, s, reasoning.Sampling{}) }).Conn)
}

func TestEstimatesAreStreamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{estimates: estimates}
		start := time.Now()
		got, err := estimate(t.Context(), serve(t, s), request, 0)
		if diff := cmp.Diff(got, estimates, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("got %v, got -, want +\n%s", err, diff)
		}
		if diff := cmp.Diff(s.request, request); diff != "" || time.Since(start) != 2*time.Second {
			t.Errorf("after %v, want 2s: request: got -, want +\n%s", time.Since(start), diff)
		}
	})
}

func TestStoppingEarlyStopsTheEstimator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{estimates: estimates}
		c := serve(t, s)
		start := time.Now()
		if got, err := estimate(t.Context(), c, request, 1); len(got) != 1 || err != nil {
			t.Errorf("got %v and %v, want one estimate", got, err)
		}
		synctest.Wait()
		if !errors.Is(s.stopped, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("the estimator was stopped by %v after %v, want cancelled after 1s", s.stopped, time.Since(start))
		}
		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if got, err := estimate(short, c, request, 0); len(got) != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v and %v, want one estimate and the deadline", got, err)
		}
	})
}

// A server that claims what its samples cannot have cost is refused.
func TestServerThatLies(t *testing.T) {
	honest := estimates[0]
	for name, change := range map[string]func(*difficulty.Estimate){
		"honest":           func(*difficulty.Estimate) {},
		"generated":        func(e *difficulty.Estimate) { e.Usage.Generated = 1 << 40 },
		"prompt":           func(e *difficulty.Estimate) { e.Usage.Prompt = 1 << 40 },
		"verifier":         func(e *difficulty.Estimate) { e.Usage.Verifier = 1 << 40 },
		"FLOPs":            func(e *difficulty.Estimate) { e.Usage.FLOPs = 1e200 },
		"no samples":       func(e *difficulty.Estimate) { e.New = nil },
		"waste":            func(e *difficulty.Estimate) { e.Waste.Failed.Generated, e.Usage.Generated = 1<<50, 1<<50+7 },
		"verifier's waste": func(e *difficulty.Estimate) { e.Waste.Lost.Verifier, e.Usage.Verifier = 1<<60, 1<<60 },
		"a sample": func(e *difficulty.Estimate) {
			e.New[0].Usage.Generated = 5000
		},
		"too many samples": func(e *difficulty.Estimate) {
			for range 9 {
				e.New = append(e.New, honest.New...)
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			lie := honest
			lie.New = slices.Clone(honest.New)
			change(&lie)
			s := &script{estimates: []difficulty.Estimate{lie, estimates[1]}}
			_, err := estimate(t.Context(), serve(t, s), request, 0)
			if refused := errors.Is(err, reasoning.ErrImplausible); refused == (name == "honest") {
				t.Errorf("%s: got error %v", name, err)
			}
		})
	}
}

func TestErrorsKeepTheirIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		overloaded := &script{estimates: estimates[:1], err: reasoning.ErrOverloaded}
		got, err := estimate(t.Context(), serve(t, overloaded), request, 0)
		if len(got) != 1 || !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got %d estimates and %v, want one and ErrOverloaded", len(got), err)
		}
		unfinished := &script{estimates: estimates[:1]}
		if _, err := estimate(t.Context(), serve(t, unfinished), request, 0); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("no final estimate: got %v, want ErrMalformed", err)
		}
		bad := request
		bad.MaxSamples = -1
		var rule *reasoning.InvalidError
		_, err = estimate(t.Context(), serve(t, &script{}), bad, 0)
		if !errors.As(err, &rule) || rule.Field != "max_samples" {
			t.Errorf("got %v, want max_samples to be invalid", err)
		}
	})
}
