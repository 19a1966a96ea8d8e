package strategies

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

func TestNew(t *testing.T) {
	for _, test := range []struct {
		name       string
		parameters string
		want       search.Strategy
	}{
		{"greedy", "", search.Greedy{}},
		{"best-of-n", "n=4", search.BestOfN{N: 4}},
		{"best_of_n", "n=4", search.BestOfN{N: 4}},
		{"beam", "n=8 m=2 max-levels=3 narrow=true", search.Beam{N: 8, M: 2, MaxLevels: 3, Narrow: true}},
		{"beam", "m=2 n=4 n=8", search.Beam{N: 8, M: 2, MaxLevels: 40}}, // the last n wins, wherever it appears
		{"rebase", "n=8 balance=0.1", search.Rebase{N: 8, Balance: 0.1, MaxLevels: 25}},
		{"mcts", "n=8 final=visits puct=1 exploration=0",
			search.MCTS{N: 8, Width: 4, Parallel: 4, PUCT: true, Final: search.FinalVisits, MaxLevels: 40}},
	} {
		got, err := New(test.name, strings.Fields(test.parameters)...)
		if err != nil || got != test.want {
			t.Errorf("%s %s: got %+v and error %v, want %+v", test.name, test.parameters, got, err, test.want)
		}
	}
}

// An error names the parameter and the rule.
func TestNewRefuses(t *testing.T) {
	for _, test := range []struct{ name, parameter, field, rule string }{
		{"dijkstra", "", "strategy", `"dijkstra" must be one of [greedy majority`},
		{"", "", "strategy", `"" must be one of`},
		{"greedy", "n=4", "strategy", `greedy has no parameters: leave out "n"`},
		{"beam", "width=3", "strategy", `beam has no parameter "width", only [n m max_levels narrow dedupe]`},
		{"beam", "m=wide", "strategy.beam.m", `"wide": must be a whole number, at most 2147483647`},
		{"beam", "m=99999999999", "strategy.beam.m", `must be a whole number`},
		{"beam", "narrow=perhaps", "strategy.beam.narrow", `"perhaps": must be true or false`},
		{"best-of-n", "n=many", "strategy.best_of_n.n", `"many": must be a whole number`},
		{"rebase", "balance=low", "strategy.rebase.balance", `"low": must be a number`},
		{"mcts", "final=best", "strategy.mcts.final", `"best": must be one of [vote visits value]`},
		{"mcts", "final=unknown", "strategy.mcts.final", `must be one of [vote visits value]`},
	} {
		_, err := New(test.name, test.parameter)
		var invalid *reasoning.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != test.field || !strings.Contains(invalid.Rule, test.rule) {
			t.Errorf("%s %s: got error %v, want %s: %s", test.name, test.parameter, err, test.field, test.rule)
		}
	}
}

// Parse is the inverse of Arm, for every strategy and all its parameters.
func TestParseIsTheInverseOfArm(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := draw(t, k.defaults(16))
				arm, n := Arm(want)
				if got, err := Parse(arm, n); err != nil || got != want {
					t.Errorf("%s %d: got %+v and error %v, want %+v", arm, n, got, err, want)
				}
			})
		})
	}
}

// draw returns s with some parameters replaced by random values.
func draw(t *rapid.T, s search.Strategy) search.Strategy {
	v := reflect.New(reflect.TypeOf(s)).Elem()
	v.Set(reflect.ValueOf(s))
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if rapid.Bool().Draw(t, "keep "+name) {
			continue
		}
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(rapid.Bool().Draw(t, name))
		case reflect.Float64:
			field.SetFloat(rapid.Float64().Draw(t, name))
		case reflect.Int:
			if field.Type() == reflect.TypeFor[search.Final]() {
				field.Set(reflect.ValueOf(rapid.SampledFrom(search.Finals).Draw(t, name)))
			} else {
				field.SetInt(int64(rapid.Int32().Draw(t, name)))
			}
		default:
			t.Fatalf("%T.%s is of a kind that is not drawn", s, name)
		}
	}
	return v.Interface().(search.Strategy)
}

// String has the parameters in the table's order, without those that have their defaults.
func TestString(t *testing.T) {
	narrow := search.NewBeam(16)
	narrow.M, narrow.Narrow = 2, true
	byValue := search.NewMCTS(8)
	byValue.Final = search.FinalValue
	for want, s := range map[string]search.Strategy{
		"":                               nil,
		"greedy":                         search.Greedy{},
		"best-of-n 4":                    search.BestOfN{N: 4},
		"majority:exhaustive=true 8":     search.Majority{N: 8, Exhaustive: true},
		"beam 16":                        search.NewBeam(16),
		"beam:m=2:narrow=true 16":        narrow,
		"rebase:balance=0.05 4":          search.Rebase{N: 4, Balance: 0.05, MaxLevels: 25},
		"mcts:final=value 8":             byValue,
		"revisions:no_verifier=true 100": search.Revisions{N: 100, Chains: 10, NoVerifier: true},
		"foreign 3":                      foreign{},
	} {
		if got := String(s); got != want {
			t.Errorf("%+v: got %q, want %q", s, got, want)
		}
	}
}

// A foreign strategy is not in the table.
type foreign struct{ search.Strategy }

func (foreign) Name() string { return "foreign" }
func (foreign) Samples() int { return 3 }

// Absent parameters have the defaults of the search constructors, which are valid for any n.
func TestDefaults(t *testing.T) {
	for n, all := range map[int][]search.Strategy{
		16: {
			search.Greedy{}, search.Majority{N: 16}, search.BestOfN{N: 16},
			search.Beam{N: 16, M: 4, MaxLevels: 40}, search.Lookahead{N: 16, M: 4, K: 3, MaxLevels: 40},
			search.DVTS{N: 16, M: 4, MaxLevels: 40}, search.Rebase{N: 16, Balance: 0.2, MaxLevels: 25},
			search.MCTS{N: 16, Width: 4, Parallel: 4, Exploration: 1, Final: search.FinalVote, MaxLevels: 40},
			search.Particles{N: 16, Iterations: 1, Temperature: 1, MaxLevels: 40}, search.Revisions{N: 16, Chains: 4},
		},
		2: { // less than the usual width
			search.Beam{N: 2, M: 2, MaxLevels: 40}, search.Lookahead{N: 2, M: 2, K: 3, MaxLevels: 40},
			search.DVTS{N: 2, M: 2, MaxLevels: 40}, search.Revisions{N: 2, Chains: 1},
			search.MCTS{N: 2, Width: 2, Parallel: 2, Exploration: 1, Final: search.FinalVote, MaxLevels: 40},
		},
		6: { // 4 does not divide 6
			search.Beam{N: 6, M: 3, MaxLevels: 40}, search.Revisions{N: 6, Chains: 2},
		},
		7: {search.Beam{N: 7, M: 1, MaxLevels: 40}, search.Revisions{N: 7, Chains: 1}},
	} {
		for _, want := range all {
			if got, err := Parse(want.Name(), n); err != nil || got != want {
				t.Errorf("got %+v and error %v, want %+v", got, err, want)
			}
		}
	}
	for _, name := range Names() {
		for n := 1; n <= 300; n++ {
			s, err := Parse(name, n)
			if err == nil {
				err = s.Validate()
			}
			// A prime number of revisions is one chain, which may be too long.
			if err != nil && !strings.Contains(err.Error(), "per chain") {
				t.Errorf("%s of %d: %v", name, n, err)
			}
		}
	}
}

// The defaults in the catalogue are those that New uses.
func TestCatalogueShowsDefaults(t *testing.T) {
	for _, info := range Catalogue() {
		var shown []string
		for _, p := range info.Parameters {
			shown = append(shown, p.Name+"="+p.Default)
		}
		explicit, err := New(info.Name, shown...)
		if err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
		if implicit, err := Parse(info.Name, 16); err != nil || explicit != implicit {
			t.Errorf("with the catalogue's defaults: got %+v; without parameters: got %+v and error %v", explicit, implicit, err)
		}
	}
}

func ExampleParse() {
	s, _ := Parse("beam:narrow=true", 16)
	fmt.Printf("%+v\n", s)
	fmt.Println(String(s))
	// Output:
	// {N:16 M:4 MaxLevels:40 Narrow:true Dedupe:false}
	// beam:narrow=true 16
}
