package difficulty_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// withAnswer returns r with MethodOracle and the answer "1".
func withAnswer(r difficulty.Request) difficulty.Request {
	r.Method, r.Answer = difficulty.MethodOracle, "1"
	return r
}

func withMethod(m difficulty.Method, r difficulty.Request) difficulty.Request {
	if m == difficulty.MethodOracle {
		return withAnswer(r)
	}
	r.Method = m
	return r
}

var methods = []difficulty.Method{
	difficulty.MethodProbe, difficulty.MethodPredicted, difficulty.MethodOracle, difficulty.MethodPrompt,
}

// The promises of an Estimator hold for all methods, locally and over gRPC: only the last
// estimate is final; samples, usage and new children add up; each rate lies in its
// interval and bin; and the final estimate does not depend on the order of samples.
func TestEveryMethodKeepsThePromises(t *testing.T) {
	for _, remote := range []bool{false, true} {
		for _, m := range methods {
			t.Run(fmt.Sprintf("%v, remote %v", m, remote), func(t *testing.T) {
				var last []difficulty.Estimate
				for run := range 3 {
					synctest.Test(t, func(t *testing.T) {
						// Samples come in another order in each run.
						engine := answering("1", "2", "1", "1", "3", "1", "1", "2", "1", "1", "1", "1")
						next := engine.Reply
						engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
							reply := next(r, ordinal)
							reply.Delay = time.Duration(1+(ordinal*(5+2*run))%13) * time.Second
							reply.Child.Steps[0].LogProb = -0.1 * float64(ordinal+1)
							return reply
						}
						var e difficulty.Estimator = difficulty.All(engine, scoring(0.3, 0), promptModel(t))
						if remote {
							register := func(s grpc.ServiceRegistrar) { difficultyrpc.Register(s, e, reasoning.Sampling{}) }
							e = difficultyrpc.NewClient(rpctest.Serve(t, register).Conn)
						}
						r := withMethod(m, unsettled(request(12)))
						got, err := collect(t.Context(), e, r)
						if err != nil {
							t.Fatal(err)
						}
						var ordinals []int
						for i, e := range got {
							if e.Final != (i == len(got)-1) {
								t.Errorf("estimate %d of %d: final %v", i+1, len(got), e.Final)
							}
							checkRate(t, i+1, e)
							s := r.Scheme
							if e.Bin != s.Bin(e.PassRate) || e.Label != s.Label(e.Bin) || e.Settled != (s.Bin(e.Low) == s.Bin(e.High)) {
								t.Errorf("estimate %d: bin %d %q, settled %v, of %+v", i+1, e.Bin, e.Label, e.Settled, e)
							}
							for _, c := range e.New {
								ordinals = append(ordinals, c.Ordinal)
							}
							if len(ordinals) != e.Samples || (e.Usage.Generated > 0) != (e.Samples > 0) {
								t.Errorf("estimate %d: %d samples, %d new so far, usage %+v", i+1, e.Samples, len(ordinals), e.Usage)
							}
						}
						slices.Sort(ordinals)
						for i, o := range ordinals {
							if i != o {
								t.Fatalf("samples %v, want each once", ordinals)
							}
						}
						final := got[len(got)-1]
						final.New = nil
						last = append(last, final)
					})
				}
				if diff := cmp.Diff(last[0], last[1]) + cmp.Diff(last[0], last[2]); diff != "" {
					t.Errorf("the estimate depends on the order of samples:\n%s", diff)
				}
			})
		}
	}
}

// A Probe takes more samples only while its bin is not settled.
func TestProbeStopsWhenTheBinIsSettled(t *testing.T) {
	for name, c := range map[string]struct {
		score   float64
		scheme  difficulty.Scheme
		samples int
	}{
		"settled":                 {1, difficulty.Absolute, 4},
		"between easy and medium": {0.5, difficulty.Absolute, 16},
		"settled in a wide bin":   {0.5, difficulty.Scheme{Name: "wide", Edges: []float64{0.95, 0.05}}, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			engine := answering(slices.Repeat([]string{"1"}, 16)...)
			r := request(16)
			r.Scheme = c.scheme
			got, err := collect(t.Context(), &difficulty.Probe{Policy: engine, Verifier: scoring(c.score, 0)}, r)
			if err != nil || len(got) != c.samples || !got[len(got)-1].Final {
				t.Errorf("%s: %d estimates, the last final, and error %v; want %d", name, len(got), err, c.samples)
			}
			requested := 0
			for _, call := range engine.Calls() {
				requested += len(call.Request.Ordinals)
			}
			if requested != c.samples {
				t.Errorf("%s: %d samples were requested, want %d", name, requested, c.samples)
			}
		})
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	change := func(f func(*difficulty.Request)) difficulty.Request {
		r := request(1)
		f(&r)
		return r
	}
	for want, r := range map[string]difficulty.Request{
		"method: must be one of [probe oracle], is predicted": withMethod(difficulty.MethodPredicted, request(1)),
		"method: must be one of [probe oracle], is prompt":    withMethod(difficulty.MethodPrompt, request(1)),
		"method: must be one of [probe predicted":             withMethod(9, request(1)),
		"answer: must not be empty for method oracle": change(func(r *difficulty.Request) {
			r.Method = difficulty.MethodOracle
		}),
		"answer: must be empty for method probe": change(func(r *difficulty.Request) {
			r.Answer = "1"
		}),
		"scheme.edges: must have 1 to 15 edges, has 0": change(func(r *difficulty.Request) {
			r.Scheme = difficulty.Scheme{Name: "quantiles-5"}
		}),
		"scheme.edges: must descend within (0,1)": change(func(r *difficulty.Request) {
			r.Scheme = difficulty.Scheme{Edges: []float64{0.1, 0.5}}
		}),
	} {
		engine := answering("1")
		_, err := collect(t.Context(), difficulty.All(engine, nil, nil), r)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if n := len(engine.Calls()); n > 0 {
			t.Errorf("%q: the engine got %d requests, want none", want, n)
		}
	}
}
