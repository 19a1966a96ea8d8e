package profile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

func arm(strategy string, n int, expected, tokens, seconds float64) profile.Arm {
	return profile.Arm{Strategy: strategy, N: n, Expected: expected, Generated: tokens, FLOPs: 1000 * tokens, Verifier: tokens / 2, Seconds: seconds}
}

// example is a profile of two bins. Budget 4 is the same for all; 16 is by difficulty.
func example() profile.Profile {
	greedy, four, beam, wide := arm("greedy", 1, 0.4, 40, 0.1), arm("best-of-n", 4, 0.6, 160, 0.2), arm("beam", 16, 0.8, 640, 3), arm("best-of-n", 16, 0.7, 650, 0.3)
	easy, hard := arm("best-of-n", 4, 0.9, 160, 0.2), arm("rebase", 64, 0.5, 2400, 4)
	return profile.Profile{
		Format: 1, Name: "p with v", Policy: reasoning.Model{Name: "p", Version: "1"},
		Verifier:  verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd},
		Estimator: profile.Estimator{Method: "probe", Samples: 4}, Scheme: difficulty.Scheme{Name: "halves", Edges: []float64{0.5}},
		Budgets: []profile.Budget{
			{N: 1, Tokens: 40, Uniform: greedy, Why: "one"}, {N: 4, Tokens: 160, Uniform: four, Why: "same for all"},
			{N: 16, Tokens: 640, Uniform: beam, Adaptive: true, Why: "by difficulty", Rows: []profile.Arm{easy, hard}},
		},
		Bins: []profile.Bin{{Label: "easy", Arms: []profile.Arm{greedy, easy, beam, wide}}, {Label: "hard", Arms: []profile.Arm{greedy, four, beam, wide, hard}}},
		All:  []profile.Arm{greedy, four, beam, wide},
	}
}

func written(t testing.TB, p profile.Profile) []byte {
	t.Helper()
	data, err := p.Write()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func read(t testing.TB, p profile.Profile) *profile.Profile {
	t.Helper()
	got, err := profile.Read(written(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func rate(r float64) *difficulty.Estimate { return &difficulty.Estimate{PassRate: r, Samples: 4} }

func TestChoose(t *testing.T) {
	p := read(t, example())
	for name, c := range map[string]struct {
		want     profile.Want
		estimate *difficulty.Estimate
		strategy string
		n        int
		bin      string
		because  string
	}{
		"the smallest budget":                {profile.Want{N: 1}, nil, "greedy", 1, "", "one"},
		"the same for all":                   {profile.Want{N: 4}, rate(0.9), "best-of-n", 4, "", "same for all"},
		"between budgets":                    {profile.Want{N: 8}, rate(0.9), "best-of-n", 4, "", "budget 4"},
		"easy":                               {profile.Want{N: 16}, rate(0.9), "best-of-n", 4, "easy", "by difficulty"},
		"hard, where more is spent":          {profile.Want{N: 16}, rate(0.1), "rebase", 64, "hard", "by difficulty"},
		"not estimated":                      {profile.Want{N: 16}, nil, "beam", 16, "", "by difficulty"},
		"more than was measured":             {profile.Want{N: 256}, rate(0.1), "rebase", 64, "hard", "budget 16"},
		"as much as tokens allow":            {profile.Want{Tokens: 700}, rate(0.1), "beam", 16, "hard", "rebase 64 costs too much"},
		"few tokens":                         {profile.Want{N: 16, Tokens: 100}, rate(0.1), "greedy", 1, "", ""},
		"few FLOPs":                          {profile.Want{N: 16, FLOPs: 200_000}, rate(0.1), "best-of-n", 4, "hard", "costs too much"},
		"few verifier tokens":                {profile.Want{N: 16, Verifier: 100}, rate(0.1), "best-of-n", 4, "hard", "costs too much"},
		"no time: width costs little":        {profile.Want{N: 16, Time: time.Second}, rate(0.1), "best-of-n", 16, "hard", "costs too much"},
		"time enough: depth is worth it":     {profile.Want{N: 16, Time: 3500 * time.Millisecond}, rate(0.1), "beam", 16, "hard", "costs too much"},
		"nothing is cheap enough: the least": {profile.Want{N: 16, Tokens: 1}, rate(0.1), "greedy", 1, "", ""},
	} {
		got := p.Choose(c.want, c.estimate)
		if got.Arm.Strategy != c.strategy || got.Arm.N != c.n || got.Bin != c.bin || !strings.Contains(got.Why, c.because) || got.Arm.Search() == nil {
			t.Errorf("%s: %s %d for %q because %q; want %s %d for %q because of %q", name, got.Arm.Strategy, got.Arm.N, got.Bin, got.Why, c.strategy, c.n, c.bin, c.because)
		}
	}
	if p.Asks(profile.Want{N: 4}) || !p.Asks(profile.Want{N: 16}) || p.Asks(profile.Want{N: 16, Tokens: 50}) {
		t.Error("difficulty matters for budget 16 and not for 4, nor where nothing but greedy can be paid")
	}
	r := difficulty.Request{}
	if err := p.Ask(&r); err != nil || r.MaxSamples != 4 || r.Scheme.Name != "halves" || r.Method != difficulty.MethodProbe {
		t.Errorf("asks for %+v, error %v", r, err)
	}
}

// Whatever is wanted, what is chosen keeps to the bounds if anything measured does.
func TestChoiceKeepsToBounds(t *testing.T) {
	p := read(t, example())
	rapid.Check(t, func(t *rapid.T) {
		w := profile.Want{
			N: rapid.IntRange(0, 300).Draw(t, "n"), Tokens: rapid.Int64Range(0, 3000).Draw(t, "tokens"),
			FLOPs: rapid.Float64Range(0, 3e6).Draw(t, "flops"), Time: time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond,
		}
		allows := func(a profile.Arm) bool {
			return (w.Tokens == 0 || a.Generated <= float64(w.Tokens)) && (w.FLOPs == 0 || a.FLOPs <= w.FLOPs) && (w.Time == 0 || a.Seconds <= w.Time.Seconds())
		}
		r := rapid.Float64Range(0, 1).Draw(t, "rate")
		got := p.Choose(w, rate(r)).Arm
		if !allows(got) && allows(p.All[0]) { // greedy costs least in everything
			t.Fatalf("%+v: chose %+v", w, got)
		}
	})
}

func TestReadRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*profile.Profile){
		"ponder_profile: must be 1, is 2":                     func(p *profile.Profile) { p.Format = 2 },
		"name: must not be empty":                             func(p *profile.Profile) { p.Name = "" },
		"policy.name: must not be empty":                      func(p *profile.Profile) { p.Policy.Name = "" },
		"budgets: must not be empty":                          func(p *profile.Profile) { p.Budgets = nil },
		"budgets: must ascend":                                func(p *profile.Profile) { p.Budgets[0].N = 5 },
		"all: must not be empty":                              func(p *profile.Profile) { p.All = nil },
		"scheme.edges: must descend":                          func(p *profile.Profile) { p.Scheme.Edges = []float64{0.5, 0.5} },
		"bins: must be 2":                                     func(p *profile.Profile) { p.Bins = p.Bins[:1] },
		"bins[1].arms: must not be empty":                     func(p *profile.Profile) { p.Bins[1].Arms = nil },
		"budgets[2].rows: must be one a bin, 2, are 1":        func(p *profile.Profile) { p.Budgets[2].Rows = p.Budgets[2].Rows[:1] },
		`budgets[1].uniform: strategy: "dfs" must be one of`:  func(p *profile.Profile) { p.Budgets[1].Uniform.Strategy = "dfs" },
		"bins[0].arms[2]: strategy.beam.n: must be 1 to 4096": func(p *profile.Profile) { p.Bins[0].Arms[2].N = 0 },
		`all[0]: strategy: greedy has no parameter "m"`:       func(p *profile.Profile) { p.All[0].Strategy = "greedy:m=4" },
		`estimator: method: "guess" must be one of`:           func(p *profile.Profile) { p.Estimator.Method = "guess" },
		"prompt_model.features: must be":                      func(p *profile.Profile) { p.Prompt = &difficulty.PromptModel{} },
	} {
		p := example()
		spoil(&p)
		if _, err := profile.Read(written(t, p)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := profile.Read([]byte("{")); err == nil {
		t.Error("half a file is read")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, example()))
	f.Add([]byte(`{"ponder_profile":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := profile.Read(data)
		if err != nil {
			return
		}
		for _, r := range []*difficulty.Estimate{nil, rate(0), rate(1)} {
			if c := p.Choose(profile.Want{N: 16}, r); c.Arm.Search() == nil {
				t.Errorf("a profile that was read chooses nothing: %+v", c)
			}
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	})
}

// A profile belongs to its pair of models: reward-aware (Liu et al. 2025).
func TestShelfKnowsWhoseProfileItIs(t *testing.T) {
	shelf := &profile.Shelf{}
	p := read(t, example())
	shelf.Put("a", p)
	policy := reasoning.Model{Name: "p", Version: "1"}
	judge := verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd}
	for name, c := range map[string]struct {
		spoil func(*reasoning.Model, *verifier.RewardModel)
		want  bool
	}{
		"these models":           {func(*reasoning.Model, *verifier.RewardModel) {}, true},
		"a version nobody tells": {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Version = "" }, true},
		"another policy":         {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Name = "q" }, false},
		"another version":        {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Version = "2" }, false},
		"another judge":          {func(_ *reasoning.Model, j *verifier.RewardModel) { j.Name = "w" }, false},
		"another aggregator":     {func(_ *reasoning.Model, j *verifier.RewardModel) { j.Aggregator = verifier.AggregatorLast }, false},
	} {
		m, j := policy, judge
		c.spoil(&m, &j)
		if got := shelf.For(m, &j); (got == p) != c.want {
			t.Errorf("%s: found %v, want %v", name, got != nil, c.want)
		}
	}
	if shelf.For(policy, nil) != nil {
		t.Error("without a judge, the profile with one is used")
	}
	later := example()
	later.Name = "later"
	shelf.Put("b", read(t, later))
	if got := shelf.For(policy, &judge); got.Name != "later" {
		t.Errorf("of two, found %s", got.Name)
	}
	shelf.Put("b", nil)
	if got := shelf.For(policy, &judge); got != p {
		t.Errorf("after it was taken away, found %+v", got)
	}
}

// Files are seen when they come, change, are spoilt and go, while searches look.
func TestDirectoryIsFollowed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	write := func(data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	policy, judge := reasoning.Model{Name: "p"}, &verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd}
	synctest.Test(t, func(t *testing.T) {
		d := &profile.Directory{Shelf: &profile.Shelf{}, Paths: []string{dir}}
		if err := d.Look(); err != nil || d.Shelf.For(policy, judge) != nil {
			t.Fatalf("an empty directory: error %v", err)
		}
		var mu sync.Mutex
		var told []string
		go d.Follow(t.Context(), time.Second, func(err error) { mu.Lock(); defer mu.Unlock(); told = append(told, err.Error()) })
		name := func() string {
			time.Sleep(2500 * time.Millisecond)
			synctest.Wait()
			if p := d.Shelf.For(policy, judge); p != nil {
				return p.Name
			}
			return "none"
		}
		p := example()
		write(written(t, p))
		if got := name(); got != "p with v" {
			t.Errorf("a new file: %s", got)
		}
		p.Name = "changed"
		write(written(t, p))
		if got := name(); got != "changed" {
			t.Errorf("a file that changed: %s", got)
		}
		write([]byte("{"))
		if got := name(); got != "changed" {
			t.Errorf("a file that is half written: %s", got)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got := name(); got != "none" {
			t.Errorf("a file that is gone: %s", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(told) != 1 || !strings.Contains(told[0], path) {
			t.Errorf("told %q, want the half file, once", told)
		}
	})
	d := &profile.Directory{Shelf: &profile.Shelf{}, Paths: []string{filepath.Join(dir, "missing.json")}}
	if err := d.Look(); err == nil || !strings.Contains(err.Error(), "missing.json") {
		t.Errorf("a file that was named and is not there: error %v", err)
	}
}
