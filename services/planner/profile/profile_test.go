package profile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func newArm(strategy string, n int, expected, tokens, seconds float64) profile.Arm {
	return profile.Arm{
		Strategy: strategy, N: n, Expected: expected,
		Generated: tokens, FLOPs: 1000 * tokens, Verifier: tokens / 2, Seconds: seconds,
	}
}

// example returns a profile of two bins. Budget 4 has one arm for both; that of budget 16 depends
// on difficulty.
func example() profile.Profile {
	greedy, beam := newArm("greedy", 1, 0.4, 40, 0.1), newArm("beam", 16, 0.8, 640, 3)
	four, wide := newArm("best-of-n", 4, 0.6, 160, 0.2), newArm("best-of-n", 16, 0.7, 650, 0.3)
	easy, hard := newArm("best-of-n", 4, 0.9, 160, 0.2), newArm("rebase", 64, 0.5, 2400, 4)
	return profile.Profile{
		Format: 1, Name: "p with v",
		Policy:    reasoning.Model{Name: "p", Version: "1", Tokenizer: "a"},
		Verifier:  verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd},
		Estimator: profile.EstimatorConfig{Method: "probe", Samples: 4},
		Scheme:    difficulty.Scheme{Name: "halves", Edges: []float64{0.5}},
		Budgets: []profile.Budget{
			{N: 1, Tokens: 40, Uniform: greedy, Reason: "one"},
			{N: 4, Tokens: 160, Uniform: four, Reason: "same for all"},
			{N: 16, Tokens: 640, Uniform: beam, Adaptive: true, Reason: "by difficulty", Rows: []profile.Arm{easy, hard}},
		},
		Bins: []profile.Bin{
			{Label: "easy", Arms: []profile.Arm{greedy, easy, beam, wide}},
			{Label: "hard", Arms: []profile.Arm{greedy, four, beam, wide, hard}},
		},
		All: []profile.Arm{greedy, four, beam, wide},
	}
}

// file returns the profile as a file.
func file(t testing.TB, p profile.Profile) []byte {
	t.Helper()
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reread returns the profile that Read returns for p's file.
func reread(t testing.TB, p profile.Profile) *profile.Profile {
	t.Helper()
	got, err := profile.Read(file(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func estimateOf(rate float64) *difficulty.Estimate {
	return &difficulty.Estimate{PassRate: rate, Samples: 4}
}

func TestChoose(t *testing.T) {
	p := reread(t, example())
	for name, c := range map[string]struct {
		want     profile.Limits
		estimate *difficulty.Estimate
		strategy string
		n        int
		bin      string
		because  string
	}{
		"the smallest budget":       {profile.Limits{N: 1}, nil, "greedy", 1, "", "one"},
		"the same for all":          {profile.Limits{N: 4}, estimateOf(0.9), "best-of-n", 4, "", "same for all"},
		"between budgets":           {profile.Limits{N: 8}, estimateOf(0.9), "best-of-n", 4, "", "budget 4"},
		"easy":                      {profile.Limits{N: 16}, estimateOf(0.9), "best-of-n", 4, "easy", "by difficulty"},
		"hard, where more is spent": {profile.Limits{N: 16}, estimateOf(0.1), "rebase", 64, "hard", "by difficulty"},
		"not estimated":             {profile.Limits{N: 16}, nil, "beam", 16, "", "by difficulty"},
		"more than was measured":    {profile.Limits{N: 256}, estimateOf(0.1), "rebase", 64, "hard", "budget 16"},
		"as much as tokens allow": {
			profile.Limits{Tokens: 700}, estimateOf(0.1), "beam", 16, "hard", "rebase 64 exceeds a limit: 2400 tokens, the limit is 700"},
		"few tokens": {profile.Limits{N: 16, Tokens: 100}, estimateOf(0.1), "greedy", 1, "", ""},
		"few FLOPs": {
			profile.Limits{N: 16, FLOPs: 200_000}, estimateOf(0.1), "best-of-n", 4, "hard", "exceeds a limit"},
		"few verifier tokens": {
			profile.Limits{N: 16, Verifier: 100}, estimateOf(0.1), "best-of-n", 4, "hard", "exceeds a limit"},
		"a short time: a wide arm": {
			profile.Limits{N: 16, Time: time.Second}, estimateOf(0.1), "best-of-n", 16, "hard", "4.0 s, the limit is 1.0 s"},
		"a longer time: a deep arm": {
			profile.Limits{N: 16, Time: 3500 * time.Millisecond}, estimateOf(0.1), "beam", 16, "hard", "exceeds a limit"},
		"nothing is within the limits: the cheapest": {
			profile.Limits{N: 16, Tokens: 1}, estimateOf(0.1), "greedy", 1, "", "the cheapest measured strategy, greedy 1, exceeds a limit too"},
	} {
		got := p.Choose(c.want, c.estimate)
		if got.Arm.Strategy != c.strategy || got.Arm.N != c.n || got.Bin != c.bin ||
			!strings.Contains(got.Reason, c.because) || got.Arm.Search() == nil {
			t.Errorf("%s: got %s %d for %q because %q; want %s %d for %q because of %q", name,
				got.Arm.Strategy, got.Arm.N, got.Bin, got.Reason, c.strategy, c.n, c.bin, c.because)
		}
	}
}

// The decision depends on difficulty for budget 16, but not for budget 4, nor if the limits allow
// only greedy.
func TestNeedsEstimate(t *testing.T) {
	p := reread(t, example())
	for want, needs := range map[profile.Limits]bool{{N: 4}: false, {N: 16}: true, {N: 16, Tokens: 50}: false} {
		if got := p.NeedsEstimate(want); got != needs {
			t.Errorf("%+v: got %v, want %v", want, got, needs)
		}
	}
}

func TestSetEstimator(t *testing.T) {
	var got difficulty.Request
	err := reread(t, example()).SetEstimator(&got)
	if err != nil || got.MaxSamples != 4 || got.Scheme.Name != "halves" || got.Method != difficulty.MethodProbe {
		t.Errorf("got %+v and error %v", got, err)
	}
}

// The chosen arm is within the limits if any measured arm is.
func TestChooseIsWithinLimits(t *testing.T) {
	p := reread(t, example())
	rapid.Check(t, func(t *rapid.T) {
		w := profile.Limits{
			N: rapid.IntRange(0, 300).Draw(t, "n"), Tokens: rapid.Int64Range(0, 3000).Draw(t, "tokens"),
			FLOPs: rapid.Float64Range(0, 3e6).Draw(t, "flops"),
			Time:  time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond,
		}
		allows := func(a profile.Arm) bool {
			return (w.Tokens == 0 || a.Generated <= float64(w.Tokens)) && (w.FLOPs == 0 || a.FLOPs <= w.FLOPs) &&
				(w.Time == 0 || a.Seconds <= w.Time.Seconds())
		}
		r := rapid.Float64Range(0, 1).Draw(t, "rate")
		got := p.Choose(w, estimateOf(r)).Arm
		if !allows(got) && allows(p.All[0]) { // greedy costs least in everything
			t.Fatalf("%+v: chose %+v", w, got)
		}
	})
}

// An error of Read names the field and the rule.
func TestReadRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*profile.Profile){
		"ponder_profile: must be 1, is 2":               func(p *profile.Profile) { p.Format = 2 },
		"name: must not be empty":                       func(p *profile.Profile) { p.Name = "" },
		"policy.name: must not be empty":                func(p *profile.Profile) { p.Policy.Name = "" },
		"budgets: must not be empty":                    func(p *profile.Profile) { p.Budgets = nil },
		"budgets: must be sorted by n":                  func(p *profile.Profile) { p.Budgets[0].N = 5 },
		"all: must not be empty":                        func(p *profile.Profile) { p.All = nil },
		"scheme.edges: must descend":                    func(p *profile.Profile) { p.Scheme.Edges = []float64{0.5, 0.5} },
		"bins: must have 2 bins (scheme halves), has 1": func(p *profile.Profile) { p.Bins = p.Bins[:1] },
		"bins[1].arms: must not be empty":               func(p *profile.Profile) { p.Bins[1].Arms = nil },
		"budgets[2].rows: must have one arm per bin (2), has 1": func(p *profile.Profile) {
			p.Budgets[2].Rows = p.Budgets[2].Rows[:1]
		},
		`budgets[1].uniform: strategy: "dfs" must be one of`: func(p *profile.Profile) {
			p.Budgets[1].Uniform.Strategy = "dfs"
		},
		"bins[0].arms[2]: strategy.beam.n: must be 1 to 4096":       func(p *profile.Profile) { p.Bins[0].Arms[2].N = 0 },
		`all[0]: strategy: greedy has no parameters: leave out "m"`: func(p *profile.Profile) { p.All[0].Strategy = "greedy:m=4" },
		`estimator: method: "guess" must be one of`:                 func(p *profile.Profile) { p.Estimator.Method = "guess" },
		"prompt_model.features: must have 14 features": func(p *profile.Profile) {
			p.Prompt = &difficulty.PromptModel{}
		},
	} {
		p := example()
		spoil(&p)
		if _, err := profile.Read(file(t, p)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := profile.Read([]byte("{")); err == nil {
		t.Error("Read accepts a partly written file")
	}
}

// A profile that Read accepts gives decisions with a strategy, and can be marshalled.
func FuzzRead(f *testing.F) {
	f.Add(file(f, example()))
	f.Add([]byte(`{"ponder_profile":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := profile.Read(data)
		if err != nil {
			return
		}
		for _, r := range []*difficulty.Estimate{nil, estimateOf(0), estimateOf(1)} {
			if c := p.Choose(profile.Limits{N: 16}, r); c.Arm.Search() == nil {
				t.Errorf("decision without a strategy: %+v", c)
			}
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	})
}
