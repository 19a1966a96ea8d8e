package bench

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

func TestArms(t *testing.T) {
	arms, err := Arms([]string{"beam:narrow=true:m=2", "greedy", "majority", "majority:wave=2"}, []int{16, 4})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range arms {
		names = append(names, a.String())
	}
	want := []string{"beam:m=2:narrow=true 16", "beam:m=2:narrow=true 4", "greedy 1", "majority 16", "majority 4",
		"majority:wave=2 16", "majority:wave=2 4"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	for want, bad := range map[string]struct {
		names []string
		ns    []int
	}{
		`method: "guess" must be one of`: {[]string{"difficulty:guess"}, []int{1}},
		`"best" must be one of`:          {[]string{"majority:choice=best"}, []int{1}},

		`strategy: "dfs" must be one of [greedy majority best-of-n beam`: {[]string{"dfs"}, []int{1}},
		"n: must be 1 to 4096, is 0":                                     {[]string{"beam"}, []int{4, 0}},
		"arms: must have at least one arm: pass --arms":                  {[]string{"beam"}, nil},
	} {
		if _, err := Arms(bad.names, bad.ns); !errors.Is(err, reasoning.ErrInvalid) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", bad, err, want)
		}
	}
}

func TestParseArm(t *testing.T) {
	beam := search.NewBeam(8)
	beam.M = 2
	for name, want := range map[string]Arm{
		"planned":                  {Kind: KindPlanned, N: 8},
		"beam:m=2":                 {N: 8, Strategy: beam},
		"estimate+beam:m=2":        {Kind: KindEstimated, N: 8, Strategy: beam},
		"estimate+greedy":          {Kind: KindEstimated, N: 8, Strategy: search.Greedy{}},
		"difficulty:oracle":        {Kind: KindDifficulty, N: 8, Method: difficulty.MethodOracle},
		"majority":                 {N: 8, Strategy: search.Majority{N: 8}},
		"majority:choice=majority": {N: 8, Strategy: search.Majority{N: 8}, HasChoice: true},
		"majority:choice=certainty-vote": {N: 8, Strategy: search.Majority{N: 8}, HasChoice: true,
			Choice: search.Choice{By: search.ByCertainty}},
	} {
		if got, err := ParseArm(name, 8); err != nil || got != want {
			t.Errorf("%s is %+v, error %v, want %+v", name, got, err, want)
		}
	}
	if a, b := (Arm{N: 4, Strategy: search.NewBeam(4)}), (Arm{N: 4, Strategy: search.Greedy{}}); !a.HasDefaults() ||
		a.Estimated().HasDefaults() || a.Estimated().Unestimated() != a || a.Greedy() || !b.Greedy() {
		t.Errorf("methods of %s or %s return wrong results", a, b)
	}
}

// An arm is read back from its name.
func TestArmRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 64).Draw(t, "n")
		kinds := []Kind{KindSearch, KindEstimated, KindPlanned, KindDifficulty}
		a := Arm{N: n, Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch a.Kind {
		case KindDifficulty:
			a.Method = rapid.SampledFrom([]difficulty.Method{difficulty.MethodProbe, difficulty.MethodOracle,
				difficulty.MethodPrompt}).Draw(t, "method")
		case KindSearch, KindEstimated:
			var err error
			name := rapid.SampledFrom(strategies.Names()).Draw(t, "strategy")
			if a.Strategy, err = strategies.Parse(name, n); err != nil {
				t.Fatal(err)
			}
			if m, ok := a.Strategy.(search.Majority); ok {
				m.Wave = rapid.IntRange(0, 3).Draw(t, "wave")
				a.Strategy = m
			}
			if a.HasChoice = rapid.Bool().Draw(t, "choose"); a.HasChoice {
				a.Choice = rapid.SampledFrom(search.Choices()).Draw(t, "choice")
			}
		}
		if got, err := ParseArm(a.Name(), n); err != nil || got != a {
			t.Fatalf("%s is %+v, error %v, want %+v", a.Name(), got, err, a)
		}
	})
}
