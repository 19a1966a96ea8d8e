package difficulty_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"pgregory.net/rapid"

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

// promptModel returns a model for which shorter problems are easier.
func promptModel(t *testing.T) *difficulty.PromptModel {
	t.Helper()
	var texts []string
	var rates []float64
	for i := range 60 {
		texts = append(texts, strings.Repeat("Tom finds 3 more. ", 1+i%10))
		rates = append(rates, 1-float64(i%10)/10)
	}
	m, err := difficulty.FitPrompt(texts, rates)
	if err != nil {
		t.Fatal(err)
	}
	return &m
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

// Among samples that disagree, those with higher certainty have more weight.
func TestCertaintyWeighs(t *testing.T) {
	rate := func(logProbs ...float64) float64 {
		var got float64
		synctest.Test(t, func(t *testing.T) {
			engine := answering("1", "1", "2", "2")
			next := engine.Reply
			engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
				reply := next(r, ordinal)
				reply.Child.Steps[0].LogProb = logProbs[ordinal]
				return reply
			}
			estimates, err := collect(t.Context(), &difficulty.Probe{Policy: engine}, request(4))
			if err != nil {
				t.Fatal(err)
			}
			got = estimates[3].PassRate
		})
		return got
	}
	equal, unequal := rate(-1, -1, -1, -1), rate(-0.1, -0.1, -9, -9)
	// With two answers of two samples each, a sample agrees with one of three others.
	if want := (math.Exp(-1) + 4./3) / 5; math.Abs(equal-want) > 1e-9 || unequal <= equal+0.05 {
		t.Errorf("pass rate %v with equal certainty, want %v; %v if one pair is more certain", equal, want, unequal)
	}
}

// Of problems whose samples are all wrong, the one whose samples have lower probabilities
// is the harder one.
func TestProbabilityRanksHardProblems(t *testing.T) {
	rate := func(logProb float64) (e difficulty.Estimate) {
		synctest.Test(t, func(t *testing.T) {
			engine := answering("1", "2", "3", "4")
			next := engine.Reply
			engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
				reply := next(r, ordinal)
				reply.Child.Steps[0].LogProb = logProb
				return reply
			}
			estimates, err := collect(t.Context(), &difficulty.Probe{Policy: engine, Verifier: scoring(0, 0)}, request(4))
			if err != nil {
				t.Fatal(err)
			}
			e = estimates[3]
		})
		return e
	}
	likely, unlikely, unknown := rate(-0.1), rate(-5), rate(0)
	if !(unlikely.PassRate < unknown.PassRate && unknown.PassRate < likely.PassRate) {
		t.Errorf("pass rates %v of likely samples, %v of unlikely ones, %v without log-probabilities",
			likely.PassRate, unlikely.PassRate, unknown.PassRate)
	}
	if want := math.Exp(-0.1) / 5; math.Abs(likely.PassRate-want) > 1e-9 {
		t.Errorf("pass rate %v of likely samples, want %v", likely.PassRate, want)
	}
	if unlikely.High != unknown.High {
		t.Errorf("the interval ends at %v, and at %v without log-probabilities: want the same", unlikely.High, unknown.High)
	}
}

func TestOracleCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		oracle := &difficulty.Oracle{Policy: answering("1", "2", `\frac{2}{2}`, "", "1.0")}
		got, err := collect(t.Context(), oracle, withAnswer(request(5)))
		if err != nil {
			t.Fatal(err)
		}
		if last := got[4]; last.PassRate != 0.6 {
			t.Errorf("pass rate %v, want 3 of 5: 1, 2/2 and 1.0 are right", last.PassRate)
		}
	})
}

func TestPredictedIsTheMeanScore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		predicted := &difficulty.Predicted{Policy: answering("1", "2", "3"), Verifier: scoring(0.3, 0)}
		got, err := collect(t.Context(), predicted, withMethod(difficulty.MethodPredicted, request(3)))
		if err != nil || math.Abs(got[2].PassRate-0.3) > 1e-9 || got[2].Low != got[2].PassRate {
			t.Errorf("%+v, error %v: want 0.3 with an empty interval, as all scores are equal", got[len(got)-1], err)
		}
	})
}

// Every estimate is a rate in its interval, also if sums of floats exceed 1 by rounding,
// if certainty underflows, and if an engine returns positive log-probabilities.
func TestRatesAreRates(t *testing.T) {
	for k := 1; k <= 64; k++ {
		for _, c := range []struct {
			method difficulty.Method
			score  float64
			tokens int
			probs  func(i int) float64
		}{
			{difficulty.MethodPredicted, 1, 1, func(int) float64 { return -1 }},
			{difficulty.MethodProbe, 1, 1, func(int) float64 { return 3 }},
			{difficulty.MethodProbe, -1, 0, func(int) float64 { return -800 }},
			{difficulty.MethodProbe, -1, 1, func(i int) float64 { return -0.1 - 40*float64(i%2) }},
		} {
			synctest.Test(t, func(t *testing.T) {
				engine := answering(slices.Repeat([]string{"1", "2"}, 32)...)
				next := engine.Reply
				engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
					reply := next(r, ordinal)
					reply.Child.Steps[0].LogProb, reply.Child.Steps[0].Tokens = c.probs(ordinal), c.tokens
					return reply
				}
				var e difficulty.Estimator = &difficulty.Probe{Policy: engine}
				switch {
				case c.method == difficulty.MethodPredicted:
					e = &difficulty.Predicted{Policy: engine, Verifier: scoring(c.score, 0)}
				case c.score >= 0:
					e = &difficulty.Probe{Policy: engine, Verifier: scoring(c.score, 0)}
				}
				got, err := collect(t.Context(), e, withMethod(c.method, unsettled(request(k))))
				if err != nil {
					t.Fatal(err)
				}
				for i, e := range got {
					checkRate(t, i+1, e)
				}
			})
		}
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
		"scheme.edges: must be 1 to 15, are 0": change(func(r *difficulty.Request) {
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

func TestSchemes(t *testing.T) {
	for rate, want := range map[float64]string{
		1: "easy", 0.5: "easy", 0.49: "medium", 0.1: "medium", 0.09: "hard", 0: "hard",
	} {
		if got := difficulty.Absolute.Label(difficulty.Absolute.Bin(rate)); got != want {
			t.Errorf("pass rate %v is %v, want %v", rate, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 10).Draw(t, "n")
		rates := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 200).Draw(t, "rates")
		s := difficulty.Quantiles(n, rates)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if s.Bins() > n {
			t.Fatalf("%d bins, want at most %d", s.Bins(), n)
		}
		a, b := rapid.Float64Range(0, 1).Draw(t, "a"), rapid.Float64Range(0, 1).Draw(t, "b")
		if a >= b && s.Bin(a) > s.Bin(b) {
			t.Fatalf("%v is in bin %d, the lower rate %v in the easier bin %d", a, s.Bin(a), b, s.Bin(b))
		}
	})
	var rates []float64
	for i := range 100 {
		rates = append(rates, float64(i)/100)
	}
	s, count := difficulty.Quantiles(5, rates), [5]int{}
	for _, r := range rates {
		count[s.Bin(r)]++
	}
	if count != [5]int{20, 20, 20, 20, 20} {
		t.Errorf("bins have %v of 100 distinct rates, want 20 each", count)
	}
}

// The prompt model learns rates that depend on the text, its error covers 90 % of new
// problems, and it does not overfit to noise.
func TestPromptModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	generate := func(n int, rate func(length int) float64) (texts []string, rates []float64) {
		for range n {
			length := 1 + rng.IntN(12)
			texts = append(texts, strings.Repeat(fmt.Sprintf("Tom finds %d more. ", rng.IntN(50)), length)+"How many?")
			rates = append(rates, min(1, max(0, rate(length))))
		}
		return texts, rates
	}
	byLength := func(length int) float64 { return 1 - float64(length)/13 + 0.05*rng.NormFloat64() }
	noise := func(int) float64 { return rng.Float64() }
	for name, c := range map[string]struct {
		rate     func(int) float64
		maxError float64 // of the mean
	}{"length": {byLength, 0.1}, "noise": {noise, 0.32}} {
		texts, rates := generate(200, c.rate)
		m, err := difficulty.FitPrompt(texts, rates)
		if err != nil {
			t.Fatal(err)
		}
		texts, rates = generate(200, c.rate)
		meanError, inside := 0.0, 0
		for i := range texts {
			rate, low, high := m.Predict(texts[i])
			meanError += math.Abs(rate-rates[i]) / 200
			if low <= rates[i] && rates[i] <= high {
				inside++
			}
		}
		if meanError > c.maxError || inside < 165 {
			t.Errorf("%s: mean error %.3f on new problems, %d of 200 in the interval; want at most %.2f and about 180",
				name, meanError, inside, c.maxError)
		}
	}
	if _, err := difficulty.FitPrompt([]string{"a"}, []float64{1}); err == nil {
		t.Error("FitPrompt accepts a single problem")
	}
}

func FuzzFeatures(f *testing.F) {
	f.Add("Tom has 3 apples. How many?")
	f.Add(`\frac{1}{2} x + 1e999 = 1/0 99999999999999999999999999`)
	f.Fuzz(func(t *testing.T, text string) {
		got := difficulty.Features(text)
		if len(got) != len(difficulty.FeatureNames) {
			t.Fatalf("%d features, want %d", len(got), len(difficulty.FeatureNames))
		}
		for i, v := range got {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Errorf("%s is %v", difficulty.FeatureNames[i], v)
			}
		}
	})
}
