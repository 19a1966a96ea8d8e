package difficulty_test

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

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

// The interval shrinks with the number of samples.
func TestIntervalShrinks(t *testing.T) {
	for name, p := range map[string]*difficulty.Probe{
		"all right":     {Policy: answering(slices.Repeat([]string{"1"}, 32)...), Verifier: scoring(1, 0)},
		"all wrong":     {Policy: answering(slices.Repeat([]string{"1"}, 32)...), Verifier: scoring(0, 0)},
		"all agree":     {Policy: answering(slices.Repeat([]string{"1"}, 32)...)},
		"all truncated": {Policy: answering(slices.Repeat([]string{""}, 32)...), Verifier: scoring(1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := collect(t.Context(), p, unsettled(request(32)))
				if err != nil {
					t.Fatal(err)
				}
				for i := 2; i < len(got); i++ { // one sample alone cannot agree or disagree
					if now, before := got[i].High-got[i].Low, got[i-1].High-got[i-1].Low; now >= before {
						t.Errorf("after %d samples the interval has width %v, before it had %v", i+1, now, before)
					}
				}
				if last := got[31]; last.High-last.Low > 0.1 {
					t.Errorf("after 32 samples the interval is [%v, %v]", last.Low, last.High)
				}
			})
		})
	}
}

func TestPassRate(t *testing.T) {
	for name, c := range map[string]struct {
		answers  []string
		verifier verifier.Verifier
		right    float64 // successes, fractional
	}{
		"score 0.75":              {[]string{"1", "2", "3", "4"}, scoring(0.75, 0), 3},
		"truncated samples count": {[]string{"1", "2", "", ""}, scoring(0.75, 0), 1.5},
		"all agree":               {[]string{"7", "7.0", "7", "7"}, nil, 4},
		"two and two":             {[]string{"1", "1", "2", "2"}, nil, 4. / 3},
		"three agree":             {[]string{"1", "1", "1", "2"}, nil, 2},
		"none agrees":             {[]string{"1", "2", "3", "4"}, nil, 0},
		"without answer":          {[]string{"1", "1", "", ""}, nil, 2. / 3},
		"a single sample":         {[]string{"1"}, nil, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &difficulty.Probe{Policy: answering(c.answers...), Verifier: c.verifier}
				got, err := collect(t.Context(), p, request(len(c.answers)))
				if err != nil {
					t.Fatal(err)
				}
				want := (0.5 + c.right) / float64(1+len(c.answers)) // the mean of Jeffreys' posterior
				if last := got[len(got)-1]; math.Abs(last.PassRate-want) > 1e-12 {
					t.Errorf("pass rate %v, want %v", last.PassRate, want)
				}
			})
		})
	}
}
