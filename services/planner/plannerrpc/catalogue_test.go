package plannerrpc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// Every strategy and every parameter that the contract has is explained, and no other.
func TestCatalogueIsTheContract(t *testing.T) {
	var explained, contracted []string
	for _, s := range Strategies() {
		explained = append(explained, s.Name)
		if s.Summary == "" || s.Source == "" && s.Name != "greedy" {
			t.Errorf("%s: summary %q, source %q", s.Name, s.Summary, s.Source)
		}
		for _, p := range s.Parameters {
			explained = append(explained, s.Name+" "+p.Name)
			if p.Summary == "" || p.Default == "" {
				t.Errorf("%s %s: summary %q, default %q", s.Name, p.Name, p.Summary, p.Default)
			}
		}
	}
	for _, kind := range kinds() {
		p, _ := empty(kind)
		name := read(t, p).Name()
		if want := strings.ReplaceAll(string(kind.Name()), "_", "-"); name != want {
			t.Errorf("strategy %s is called %s by the contract", name, want)
		}
		contracted = append(contracted, name)
		for _, field := range parameters(kind) {
			contracted = append(contracted, name+" "+string(field.Name()))
		}
	}
	slices.Sort(explained) // a person may be told in another order
	slices.Sort(contracted)
	if diff := cmp.Diff(explained, contracted); diff != "" {
		t.Errorf("explained -, contracted +\n%s", diff)
	}
	if got, want := len(StrategyNames()), len(kinds()); got != want {
		t.Errorf("%d names, want %d", got, want)
	}
}

// Defaults are shown as ParseStrategy reads them.
func TestCatalogueDefaults(t *testing.T) {
	for _, s := range Strategies() {
		var set []string
		for _, p := range s.Parameters {
			set = append(set, p.Name+"="+p.Default)
		}
		explicit, err := ParseStrategy(s.Name, set)
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if len(set) > 0 {
			set = []string{"n=16"}
		}
		implicit, err := ParseStrategy(s.Name, set)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := read(t, explicit), read(t, implicit); got != want {
			t.Errorf("as explained: %+v; as absent: %+v", got, want)
		}
	}
}

func TestParseStrategy(t *testing.T) {
	for _, test := range []struct {
		name string
		set  []string
		want search.Strategy
	}{
		{"greedy", nil, search.Greedy{}},
		{"best-of-n", []string{"n=4"}, search.BestOfN{N: 4}},
		{"beam", []string{"n=8", "m=2", "max-levels=3", "narrow=true"}, search.Beam{N: 8, M: 2, MaxLevels: 3, Narrow: true}},
		{"rebase", []string{"n=8", "balance=0.1"}, search.Rebase{N: 8, Balance: 0.1, MaxLevels: 25}},
		{"mcts", []string{"n=8", "final=visits", "puct=1", "exploration=0"}, search.MCTS{N: 8, Width: 4, Parallel: 4, PUCT: true, Final: search.FinalVisits, MaxLevels: 40}},
	} {
		p, err := ParseStrategy(test.name, test.set)
		if err != nil {
			t.Errorf("%s %v: %v", test.name, test.set, err)
		} else if got := read(t, p); got != test.want {
			t.Errorf("%s %v: got %+v, want %+v", test.name, test.set, got, test.want)
		}
	}
	for _, test := range []struct{ name, set, field, rule string }{
		{"dijkstra", "", "strategy", `"dijkstra" must be one of [greedy majority`},
		{"", "", "strategy", `"" must be one of`},
		{"beam", "width=3", "strategy", `beam has no parameter "width", only [n m max_levels narrow dedupe]`},
		{"beam", "m=wide", "strategy.beam.m", `"wide": must be a whole number`},
		{"beam", "m=99999999999", "strategy.beam.m", `must be a whole number`},
		{"beam", "narrow=perhaps", "strategy.beam.narrow", `"perhaps": must be true or false`},
		{"rebase", "balance=low", "strategy.rebase.balance", `"low": must be a number`},
		{"mcts", "final=best", "strategy.mcts.final", `"best": is no MctsFinal`},
		{"mcts", "final=unspecified", "strategy.mcts.final", `is no MctsFinal`},
	} {
		_, err := ParseStrategy(test.name, []string{test.set})
		var rule *reasoning.InvalidError
		if !errors.As(err, &rule) || rule.Field != test.field || !strings.Contains(rule.Rule, test.rule) {
			t.Errorf("%s %s: got error %v, want %s: %s", test.name, test.set, err, test.field, test.rule)
		}
	}
}

// Enums of parameters are converted by number.
func TestMctsFinal(t *testing.T) {
	for number, name := range plannerv1.MctsFinal_name {
		if want := "MCTS_FINAL_" + strings.ToUpper(search.Final(number).String()); number != 0 && name != want {
			t.Errorf("%s is %v in the search", name, search.Final(number))
		}
	}
	if got := len(plannerv1.MctsFinal_name) - 1; got != int(search.FinalValue) {
		t.Errorf("%d ways on the wire, %d in the search", got, search.FinalValue)
	}
}
