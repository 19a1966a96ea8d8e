package difficultyrpc

import (
	"context"
	"errors"
	"iter"
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

// script yields an estimate a second, and then fails by err if it is not nil.
type script struct {
	estimates []difficulty.Estimate
	err       error
	asked     difficulty.Request
	ended     error
}

func (s *script) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	s.asked = r
	return func(yield func(difficulty.Estimate, error) bool) {
		for _, e := range s.estimates {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				s.ended = ctx.Err()
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
		{PassRate: 0.5, Low: 0.1, High: 0.9, Samples: 2, Usage: reasoning.Usage{Generated: 7}, New: []policy.Child{
			{Ordinal: 1, Steps: []reasoning.Step{{Text: "A:1", Tokens: 3, Score: 0.5, Scored: true}}, Finish: reasoning.FinishEnd},
		}},
		{PassRate: 0.75, Low: 0.5, High: 1, Samples: 4, Final: true},
	}
)

// ask for at most take estimates; 0 is all.
func ask(ctx context.Context, e difficulty.Estimator, r difficulty.Request, take int) (got []difficulty.Estimate, last error) {
	for estimate, err := range e.Estimate(ctx, r) {
		if last = err; err == nil {
			got = append(got, estimate)
		}
		if len(got) == take {
			break
		}
	}
	return got, last
}

func over(t *testing.T, s *script) *Client {
	return NewClient(rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, s, reasoning.Sampling{}) }).Conn)
}

func TestEstimatesComeAsTheyAreMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{estimates: estimates}
		start := time.Now()
		got, err := ask(t.Context(), over(t, s), request, 0)
		if diff := cmp.Diff(got, estimates, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("got %v, got -, want +\n%s", err, diff)
		}
		if diff := cmp.Diff(s.asked, request); diff != "" || time.Since(start) != 2*time.Second {
			t.Errorf("after %v: got -, want +\n%s", time.Since(start), diff)
		}
	})
}

func TestLeavingStopsTheEstimator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{estimates: estimates}
		c := over(t, s)
		start := time.Now()
		if got, err := ask(t.Context(), c, request, 1); len(got) != 1 || err != nil {
			t.Errorf("got %v and %v, want one estimate", got, err)
		}
		synctest.Wait()
		if !errors.Is(s.ended, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("the estimator ended by %v after %v, want cancelled after 1s", s.ended, time.Since(start))
		}
		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if got, err := ask(short, c, request, 0); len(got) != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v and %v, want one estimate and the deadline", got, err)
		}
	})
}

func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := ask(t.Context(), over(t, &script{estimates: estimates[:1], err: reasoning.ErrOverloaded}), request, 0)
		if len(got) != 1 || !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got %d estimates and %v, want one and ErrOverloaded", len(got), err)
		}
		if _, err := ask(t.Context(), over(t, &script{estimates: estimates[:1]}), request, 0); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("no final estimate: got %v, want ErrMalformed", err)
		}
		bad := request
		bad.MaxSamples = -1
		var rule *reasoning.InvalidError
		if _, err := ask(t.Context(), over(t, &script{}), bad, 0); !errors.As(err, &rule) || rule.Field != "max_samples" {
			t.Errorf("got %v, want max_samples to be invalid", err)
		}
	})
}
