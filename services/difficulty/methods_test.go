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

func knowing(r difficulty.Request) difficulty.Request {
	r.Method, r.Answer = difficulty.MethodOracle, "1"
	return r
}

func by(m difficulty.Method, r difficulty.Request) difficulty.Request {
	if m == difficulty.MethodOracle {
		return knowing(r)
	}
	r.Method = m
	return r
}

// text is a model that makes problems the easier the shorter they are.
func text(t *testing.T) *difficulty.PromptModel {
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

var methods = []difficulty.Method{difficulty.MethodProbe, difficulty.MethodPredicted, difficulty.MethodOracle, difficulty.MethodPrompt}

// What an Estimator promises, of all methods and over the wire: one final estimate, the
// last; samples, usage and new children that add up; intervals around rates, in the bin
// that they are in; and a last estimate that is the same whoever comes first.
func TestEveryMethodKeepsThePromises(t *testing.T) {
	for _, remote := range []bool{false, true} {
		for _, m := range methods {
			t.Run(fmt.Sprintf("%v, remote %v", m, remote), func(t *testing.T) {
				var last []difficulty.Estimate
				for run := range 3 {
					synctest.Test(t, func(t *testing.T) {
						// Samples come in another order in each run.
						engine := says("1", "2", "1", "1", "3", "1", "1", "2", "1", "1", "1", "1")
						say := engine.Reply
						engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
							l := say(r, ordinal)
							l.Delay = time.Duration(1+(ordinal*(5+2*run))%13) * time.Second
							l.Child.Steps[0].LogProb = -0.1 * float64(ordinal+1)
							return l
						}
						judge := believes(0.3, 0)
						var e difficulty.Estimator = difficulty.All(engine, judge, text(t))
						if remote {
							server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { difficultyrpc.Register(s, e, reasoning.Sampling{}) })
							e = difficultyrpc.NewClient(server.Conn)
						}
						r := by(m, unsettled(request(12)))
						got, err := all(t.Context(), e, r)
						if err != nil {
							t.Fatal(err)
						}
						var ordinals []int
						for i, e := range got {
							if e.Final != (i == len(got)-1) {
								t.Errorf("estimate %d of %d: final %v", i+1, len(got), e.Final)
							}
							if !(0 <= e.Low && e.Low <= e.PassRate && e.PassRate <= e.High && e.High <= 1) {
								t.Errorf("estimate %d: %v is not in [%v, %v] within [0, 1]", i+1, e.PassRate, e.Low, e.High)
							}
							if e.Bin != r.Scheme.Bin(e.PassRate) || e.Label != r.Scheme.Label(e.Bin) || e.Settled != (r.Scheme.Bin(e.Low) == r.Scheme.Bin(e.High)) {
								t.Errorf("estimate %d: bin %d %q, settled %v, of %+v", i+1, e.Bin, e.Label, e.Settled, e)
							}
							for _, c := range e.New {
								ordinals = append(ordinals, c.Ordinal)
							}
							if len(ordinals) != e.Samples || (e.Usage.Generated > 0) != (e.Samples > 0) {
								t.Errorf("estimate %d: %d samples, %d came, usage %+v", i+1, e.Samples, len(ordinals), e.Usage)
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
					t.Errorf("samples came in another order, and the estimate is another:\n%s", diff)
				}
			})
		}
	}
}

// A probe asks for no more once its bin is settled, and for more while it is not.
func TestProbeStopsWhenTheBinIsSettled(t *testing.T) {
	for name, c := range map[string]struct {
		score   float64
		scheme  difficulty.Scheme
		samples int
	}{
		"clear":                   {1, difficulty.Absolute, 4},
		"between easy and medium": {0.5, difficulty.Absolute, 16},
		"clear by its edges":      {0.5, difficulty.Scheme{Name: "wide", Edges: []float64{0.95, 0.05}}, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			engine := says(slices.Repeat([]string{"1"}, 16)...)
			r := request(16)
			r.Scheme = c.scheme
			got, err := all(t.Context(), &difficulty.Probe{Policy: engine, Verifier: believes(c.score, 0)}, r)
			if err != nil || len(got) != c.samples || !got[len(got)-1].Final {
				t.Errorf("%s: %d estimates, the last final, and error %v; want %d", name, len(got), err, c.samples)
			}
			asked := 0
			for _, call := range engine.Calls() {
				asked += len(call.Request.Ordinals)
			}
			if asked != c.samples {
				t.Errorf("%s: %d samples were asked for, want %d", name, asked, c.samples)
			}
		})
	}
}

// Among samples that disagree, those of which the policy is sure weigh more.
func TestCertaintyWeighs(t *testing.T) {
	rate := func(logProbs ...float64) float64 {
		var got float64
		synctest.Test(t, func(t *testing.T) {
			engine := says("1", "1", "2", "2")
			say := engine.Reply
			engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
				l := say(r, ordinal)
				l.Child.Steps[0].LogProb = logProbs[ordinal]
				return l
			}
			estimates, err := all(t.Context(), &difficulty.Probe{Policy: engine}, request(4))
			if err != nil {
				t.Fatal(err)
			}
			got = estimates[3].PassRate
		})
		return got
	}
	alike, sure := rate(-1, -1, -1, -1), rate(-0.1, -0.1, -9, -9)
	// Of two and two, each agrees with one of three others, whatever the certainty if it is the same.
	if want := (math.Exp(-1) + 4./3) / 5; math.Abs(alike-want) > 1e-9 || sure <= alike+0.05 {
		t.Errorf("pass rate %v where all are as sure, want %v; %v where two are surer", alike, want, sure)
	}
}

// Of problems whose samples are all wrong, the one of whose samples the policy thinks
// less is the harder one.
func TestWhatThePolicyThinksOfItselfComesFirst(t *testing.T) {
	rate := func(logProb float64) (e difficulty.Estimate) {
		synctest.Test(t, func(t *testing.T) {
			engine := says("1", "2", "3", "4")
			say := engine.Reply
			engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
				l := say(r, ordinal)
				l.Child.Steps[0].LogProb = logProb
				return l
			}
			estimates, err := all(t.Context(), &difficulty.Probe{Policy: engine, Verifier: believes(0, 0)}, request(4))
			if err != nil {
				t.Fatal(err)
			}
			e = estimates[3]
		})
		return e
	}
	sure, unsure, silent := rate(-0.1), rate(-5), rate(0)
	if !(unsure.PassRate < silent.PassRate && silent.PassRate < sure.PassRate) || math.Abs(sure.PassRate-math.Exp(-0.1)/5) > 1e-9 {
		t.Errorf("pass rates %v where the policy is sure, %v where not, %v where it says nothing", sure.PassRate, unsure.PassRate, silent.PassRate)
	}
	if unsure.High != silent.High { // that the policy doubts is no sample
		t.Errorf("the interval ends at %v, without what the policy thinks at %v", unsure.High, silent.High)
	}
}

func TestOracleCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := all(t.Context(), &difficulty.Oracle{Policy: says("1", "2", `\frac{2}{2}`, "", "1.0")}, knowing(request(5)))
		if err != nil {
			t.Fatal(err)
		}
		if last := got[4]; last.PassRate != 0.6 {
			t.Errorf("pass rate %v, want 3 of 5: 1, 2/2 and 1.0 are the answer", last.PassRate)
		}
	})
}

func TestPredictedIsTheMeanScore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := all(t.Context(), &difficulty.Predicted{Policy: says("1", "2", "3"), Verifier: believes(0.3, 0)}, by(difficulty.MethodPredicted, request(3)))
		if err != nil || math.Abs(got[2].PassRate-0.3) > 1e-9 || got[2].Low != got[2].PassRate {
			t.Errorf("%+v, error %v: want 0.3, without doubt as all scores are the same", got[len(got)-1], err)
		}
	})
}

// Whatever scores and log-probabilities come, what is said is a rate in its interval: also
// where sums of floats are a little more than one, where certainty underflows, and where an
// engine tells nonsense.
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
				engine := says(slices.Repeat([]string{"1", "2"}, 32)...)
				say := engine.Reply
				engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
					l := say(r, ordinal)
					l.Child.Steps[0].LogProb, l.Child.Steps[0].Tokens = c.probs(ordinal), c.tokens
					return l
				}
				var e difficulty.Estimator = &difficulty.Probe{Policy: engine}
				switch {
				case c.method == difficulty.MethodPredicted:
					e = &difficulty.Predicted{Policy: engine, Verifier: believes(c.score, 0)}
				case c.score >= 0:
					e = &difficulty.Probe{Policy: engine, Verifier: believes(c.score, 0)}
				}
				got, err := all(t.Context(), e, by(c.method, unsettled(request(k))))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range got {
					if !(0 <= e.Low && e.Low <= e.PassRate && e.PassRate <= e.High && e.High <= 1) {
						t.Fatalf("%v of %d: %v in [%v, %v]", c.method, k, e.PassRate, e.Low, e.High)
					}
				}
			})
		}
	}
}

func TestMethodsThatAreNotThere(t *testing.T) {
	for want, r := range map[string]difficulty.Request{
		"method: predicted is not there, only [probe oracle]": by(difficulty.MethodPredicted, request(1)),
		"method: prompt is not there":                         by(difficulty.MethodPrompt, request(1)),
		"method: must be one of [probe predicted":             by(9, request(1)),
		"answer: must be there for method oracle":             {Method: difficulty.MethodOracle, Search: "s", Problem: "p", Sampling: request(1).Sampling},
		"answer: must not be there for method probe":          {Answer: "1", Search: "s", Problem: "p", Sampling: request(1).Sampling},
		"scheme.edges: must be 1 to 15, are 0":                {Scheme: difficulty.Scheme{Name: "quantiles-5"}, Search: "s", Problem: "p", Sampling: request(1).Sampling},
		"scheme.edges: must descend within (0,1)":             {Scheme: difficulty.Scheme{Edges: []float64{0.1, 0.5}}, Search: "s", Problem: "p", Sampling: request(1).Sampling},
	} {
		engine := says("1")
		if _, err := all(t.Context(), difficulty.All(engine, nil, nil), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if n := len(engine.Calls()); n > 0 {
			t.Errorf("%q: the engine was asked %d times", want, n)
		}
	}
}

func TestSchemes(t *testing.T) {
	for rate, want := range map[float64]string{1: "easy", 0.5: "easy", 0.49: "medium", 0.1: "medium", 0.09: "hard", 0: "hard"} {
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
			t.Fatalf("%v is in bin %d, the lower %v in the easier %d", a, s.Bin(a), b, s.Bin(b))
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

// The text model finds what there is to find in texts, says how far off it is, and
// finds nothing where there is nothing.
func TestPromptModel(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	make := func(n int, rate func(length int) float64) (texts []string, rates []float64) {
		for range n {
			length := 1 + chance.IntN(12)
			texts = append(texts, strings.Repeat(fmt.Sprintf("Tom finds %d more. ", chance.IntN(50)), length)+"How many?")
			rates = append(rates, min(1, max(0, rate(length))))
		}
		return texts, rates
	}
	byLength := func(length int) float64 { return 1 - float64(length)/13 + 0.05*chance.NormFloat64() }
	noise := func(int) float64 { return chance.Float64() }
	for name, c := range map[string]struct {
		rate func(int) float64
		most float64 // of the mean error
	}{"length": {byLength, 0.1}, "noise": {noise, 0.32}} {
		texts, rates := make(200, c.rate)
		m, err := difficulty.FitPrompt(texts, rates)
		if err != nil {
			t.Fatal(err)
		}
		texts, rates = make(200, c.rate)
		off, inside := 0.0, 0
		for i := range texts {
			rate, low, high := m.Of(texts[i])
			off += math.Abs(rate-rates[i]) / 200
			if low <= rates[i] && rates[i] <= high {
				inside++
			}
		}
		if off > c.most || inside < 165 {
			t.Errorf("%s: off by %.3f on new problems, %d of 200 in the interval; want %.2f and about 180", name, off, inside, c.most)
		}
	}
	if _, err := difficulty.FitPrompt([]string{"a"}, []float64{1}); err == nil {
		t.Error("one problem is enough to learn from")
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
