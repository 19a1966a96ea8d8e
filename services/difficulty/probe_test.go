package difficulty_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering returns a Policy whose full-solution samples have these answers, one per
// second; "" is a sample without an answer.
func answering(answers ...string) *policytest.Script {
	return &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
		text := "A:" + answers[ordinal] + "\n"
		child := policy.Child{Steps: []reasoning.Step{{Text: text, Tokens: len(text)}}, Finish: reasoning.FinishEnd}
		if answers[ordinal] == "" {
			child.Finish = reasoning.FinishLength
		}
		return policytest.Reply{Child: child, Delay: time.Duration(ordinal+1) * time.Second}
	}}
}

// scoring returns a Verifier that gives each step of a path this score.
func scoring(score float64, delay time.Duration) *verifiertest.Script {
	return &verifiertest.Script{Reply: func(r verifier.Request) verifiertest.Reply {
		return verifiertest.Reply{Scores: slices.Repeat([]float64{score}, len(r.Steps)), Delay: delay}
	}}
}

func request(samples int) difficulty.Request {
	return difficulty.Request{
		Search: "s", Problem: "p", Seed: 3, MaxSamples: samples,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 50},
	}
}

// unsettled returns r with bins so narrow that few samples settle none.
func unsettled(r difficulty.Request) difficulty.Request {
	r.Scheme = difficulty.Scheme{Name: "narrow", Edges: []float64{
		0.9999, 0.999, 0.995, 0.99, 0.97, 0.9, 0.7, 0.5, 0.3, 0.1, 0.03, 0.01, 0.005, 0.001, 0.0001,
	}}
	return r
}

// collect returns all estimates of a request, and the error.
func collect(
	ctx context.Context, e difficulty.Estimator, r difficulty.Request,
) (estimates []difficulty.Estimate, _ error) {

	for estimate, err := range e.Estimate(ctx, r) {
		if err != nil {
			return estimates, err
		}
		estimates = append(estimates, estimate)
	}
	return estimates, nil
}

// estimators are the implementations to check.
var estimators = map[string]func(t *testing.T, p *difficulty.Probe) difficulty.Estimator{
	"probe": func(_ *testing.T, p *difficulty.Probe) difficulty.Estimator { return p },
	"probe over gRPC": func(t *testing.T, p *difficulty.Probe) difficulty.Estimator {
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { difficultyrpc.Register(s, p, reasoning.Sampling{}) })
		return difficultyrpc.NewClient(server.Conn)
	},
}

// forEach runs a check on each implementation, in its own bubble.
func forEach(t *testing.T, check func(t *testing.T, wrap func(*difficulty.Probe) difficulty.Estimator)) {
	for name, wrap := range estimators {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				check(t, func(p *difficulty.Probe) difficulty.Estimator { return wrap(t, p) })
			})
		})
	}
}

// An estimate is yielded per sample, while others are still generated and scored, with
// the new sample and the usage so far.
func TestEstimatesStream(t *testing.T) {
	forEach(t, func(t *testing.T, wrap func(*difficulty.Probe) difficulty.Estimator) {
		engine := answering("1", "1", "2", "1")
		e := wrap(&difficulty.Probe{Policy: engine, Verifier: scoring(0.75, 10*time.Second)})
		began := time.Now()
		var ordinals []int
		var usage reasoning.Usage
		n := 0
		for estimate, err := range e.Estimate(t.Context(), request(4)) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if got, want := time.Since(began), time.Duration(10+n)*time.Second; got != want {
				t.Errorf("estimate %d after %v, want %v", n, got, want)
			}
			if estimate.Samples != n || estimate.Final != (n == 4) || len(estimate.New) != 1 {
				t.Errorf("estimate %d has %d samples, %d of them new, final %v",
					n, estimate.Samples, len(estimate.New), estimate.Final)
			}
			checkRate(t, n, estimate)
			for _, c := range estimate.New {
				ordinals = append(ordinals, c.Ordinal)
				usage = usage.Add(c.Usage)
				for _, s := range c.Steps {
					if !s.Scored || s.Score != 0.75 {
						t.Errorf("sample %d has a step that is not scored", c.Ordinal)
					}
				}
			}
			if u := estimate.Usage; u.Generated != usage.Generated || u.Prompt != usage.Prompt || u.Verifier == 0 {
				t.Errorf("estimate %d: usage %+v, want that of its samples, %+v, and verifier tokens", n, u, usage)
			}
		}
		if want := []int{0, 1, 2, 3}; !slices.Equal(ordinals, want) {
			t.Errorf("samples %v, want %v", ordinals, want)
		}
		calls := engine.Calls()
		if len(calls) != 1 {
			t.Fatalf("got %d requests, want one", len(calls))
		}
		if r := calls[0].Request; r.Seed != 3 || r.Span != policy.Whole || r.Node != "" {
			t.Errorf("got request %+v, want whole children of the root", r)
		}
	})
}

// checkRate fails the test unless the pass rate lies in its interval, within [0,1].
func checkRate(t *testing.T, n int, e difficulty.Estimate) {
	t.Helper()
	if !(0 <= e.Low && e.Low <= e.PassRate && e.PassRate <= e.High && e.High <= 1) {
		t.Errorf("estimate %d: %v is not in [%v, %v] within [0, 1]", n, e.PassRate, e.Low, e.High)
	}
}

func TestDefaultSamples(t *testing.T) {
	forEach(t, func(t *testing.T, wrap func(*difficulty.Probe) difficulty.Estimator) {
		got, err := collect(t.Context(), wrap(&difficulty.Probe{Policy: answering("1", "1", "1", "1")}), request(0))
		if err != nil || len(got) != difficulty.DefaultSamples || !got[len(got)-1].Final {
			t.Errorf("got %d estimates and error %v, want %d, the last final", len(got), err, difficulty.DefaultSamples)
		}
	})
}

// When the caller stops the iteration, the engine and the verifier stop, too.
func TestStoppingEarly(t *testing.T) {
	forEach(t, func(t *testing.T, wrap func(*difficulty.Probe) difficulty.Estimator) {
		engine, scores := answering("1", "1", "1", "1"), scoring(0.5, 500*time.Millisecond)
		e := wrap(&difficulty.Probe{Policy: engine, Verifier: scores})
		began := time.Now()
		for _, err := range e.Estimate(t.Context(), request(4)) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		synctest.Wait()
		if got := time.Since(began); got != 1500*time.Millisecond {
			t.Errorf("stopped after %v, want 1.5s", got)
		}
		if calls := engine.Calls(); !calls[0].Ended || len(calls[0].Yielded) != 1 {
			t.Errorf("the engine is still running: %+v", calls[0])
		}
		if got := len(scores.Calls()); got != 1 {
			t.Errorf("%d samples were scored, want 1", got)
		}
	})
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		policy   policy.Policy
		verifier verifier.Verifier
		timeout  time.Duration
		samples  int
		before   int
		want     error
	}{
		"too many samples": {samples: difficulty.MaxSamples + 1, want: reasoning.ErrInvalid},
		"policy fails": {
			policy: &policytest.Script{Reply: func(r policy.Request, o int) policytest.Reply {
				reply := answering("1", "1", "1").Reply(r, o)
				if o == 2 {
					reply.Err = fmt.Errorf("%w: %w", reasoning.ErrUnavailable, broken)
				}
				return reply
			}},
			samples: 3, before: 2, want: reasoning.ErrUnavailable,
		},
		"verifier fails": {verifier: &verifiertest.Script{Reply: func(verifier.Request) verifiertest.Reply {
			return verifiertest.Reply{Err: reasoning.ErrOverloaded}
		}}, samples: 3, want: reasoning.ErrOverloaded},
		"invalid scores": {verifier: &verifiertest.Script{Reply: func(verifier.Request) verifiertest.Reply {
			return verifiertest.Reply{Scores: []float64{math.NaN()}}
		}}, samples: 3, want: verifier.ErrBadScores},
		"deadline": {timeout: 2500 * time.Millisecond, samples: 3, before: 2, want: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			forEach(t, func(t *testing.T, wrap func(*difficulty.Probe) difficulty.Estimator) {
				p := &difficulty.Probe{Policy: answering("1", "1", "1"), Verifier: c.verifier}
				if c.policy != nil {
					p.Policy = c.policy
				}
				ctx := t.Context()
				if c.timeout > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, c.timeout)
					defer stop()
				}
				got, err := collect(ctx, wrap(p), request(c.samples))
				if !errors.Is(err, c.want) || len(got) != c.before {
					t.Errorf("got %d estimates and error %v, want %d and %v", len(got), err, c.before, c.want)
				}
			})
		})
	}
}

// What an estimate that fails has cost is told, with its cause: the samples that failed, those that could not be scored,
// with what the verifier processed, and those that were stopped.
func TestFailedEstimateIsBilled(t *testing.T) {
	type usage = reasoning.Usage
	engine := func(fails int) *policytest.Script {
		return &policytest.Script{Reply: func(r policy.Request, o int) policytest.Reply {
			reply := answering("1", "1", "1", "1").Reply(r, o) // 4 tokens each, after 1, 2, 3 and 4 s
			reply.Child.Usage, reply.Wasted = usage{Generated: 4}, usage{Generated: 3}
			if o == fails {
				reply.Err = reasoning.ErrUnavailable
			}
			return reply
		}}
	}
	judge := &verifiertest.Script{Reply: func(r verifier.Request) verifiertest.Reply {
		reply := verifiertest.Reply{Scores: []float64{1}, Wasted: 7}
		if r.Node == "2" {
			reply.Err = reasoning.ErrOverloaded
		}
		return reply
	}}
	for name, c := range map[string]struct {
		probe    difficulty.Probe
		deadline time.Duration
		before   int // estimates
		want     reasoning.Waste
	}{
		// Sample 2 fails when it is due, and sample 3 with it.
		"policy": {difficulty.Probe{Policy: engine(2)}, 0, 2, reasoning.Waste{Failed: usage{Generated: 6}}},
		// Sample 2 is generated and not scored; sample 3 is stopped.
		"verifier": {difficulty.Probe{Policy: engine(-1), Verifier: judge}, 0, 2, reasoning.Waste{
			Failed: usage{Generated: 4, Verifier: 7, FLOPs: 14e6}, Cancelled: usage{Generated: 3},
		}},
		"deadline": {difficulty.Probe{Policy: engine(-1)}, 2500 * time.Millisecond, 2, reasoning.Waste{Cancelled: usage{Generated: 6}}},
	} {
		t.Run(name, func(t *testing.T) {
			forEach(t, func(t *testing.T, wrap func(*difficulty.Probe) difficulty.Estimator) {
				ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(c.deadline, time.Hour))
				defer cancel()
				e := wrap(&c.probe)
				before := 0
				for estimate, err := range e.Estimate(ctx, unsettled(request(4))) {
					if err == nil {
						before++
						continue
					}
					want := reasoning.Wasted(c.want)
					if _, remote := e.(*difficultyrpc.Client); remote && c.deadline > 0 { // the server cannot tell
						want = reasoning.Cost{Unknown: usage{Generated: 2 * 50}}
					}
					if estimate.Cost() != want {
						t.Errorf("failed with %v and cost %+v, want %+v", err, estimate.Cost(), want)
					}
				}
				if before != c.before {
					t.Errorf("got %d estimates, want %d", before, c.before)
				}
			})
		})
	}
}

// Requests beyond the limits are refused by field, and requests at the limits work.
func TestLimits(t *testing.T) {
	for field, corrupt := range map[string]func(*difficulty.Request){
		"max_samples": func(r *difficulty.Request) { r.MaxSamples = -1 },
		"search_id":   func(r *difficulty.Request) { r.Search = strings.Repeat("s", 59) },
		"tenant":      func(r *difficulty.Request) { r.Tenant = strings.Repeat("t", 129) },
	} {
		r := request(1)
		corrupt(&r)
		var invalid *reasoning.InvalidError
		if err := r.Validate(); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: got %v, want an InvalidError of it", field, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := request(policy.MaxChildren + 1) // more than one policy.Request may have
		r.Search = strings.Repeat("s", 58)
		got, err := collect(t.Context(), &difficulty.Oracle{Policy: policytest.Steps(1, 0)}, withAnswer(r))
		if err != nil || len(got) != r.MaxSamples || !got[len(got)-1].Final {
			t.Errorf("got %d estimates and error %v, want %d", len(got), err, r.MaxSamples)
		}
	})
}
