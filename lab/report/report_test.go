package report

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
)

var update = flag.Bool("update", false, "rewrite testdata/report.md")

const results = "testdata/results.jsonl" // an excerpt of results of ponder calibrate

func example(t *testing.T) Sweep {
	t.Helper()
	r, err := Read(results)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The report of recorded results is testdata/report.md.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	o := Options{
		Prices: &Prices{Currency: "EUR", Models: map[string]Price{"pocket-0.3m": {Prompt: 1, Cached: 0.1, Generated: 4},
			"pocket-prm": {Prompt: 2, Cached: 0.2}}},
		Models: Models{"pocket-0.3m": {Parameters: 307872, TrainingTokens: 10e6}},
	}
	names, err := Write(dir, []Sweep{example(t)}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 30 {
			t.Errorf("%s: %v, error %v", name, info, err)
		}
	}
	for _, want := range []string{"costs-1.csv", "pass-1.csv", "gains.csv", "sizes.csv", "flops.csv",
		"pareto-tokens.csv", "scaling.csv", "money.csv", "quantiles-1.csv",
		"plots-1/accuracy-tokens.svg", "plots-1/accuracy-flops.svg", "plots-1/accuracy-tokens-by-difficulty.svg"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s was not written, only %v", want, names)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/report.md", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/report.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("report.md (-got +want; -update writes it):\n%s", diff)
	}
	names, err = Write(t.TempDir(), []Sweep{example(t)}, Options{PNG: true})
	if err != nil || !slices.Contains(names, "plots-1/accuracy-tokens.png") {
		t.Errorf("as PNG: %v, error %v", names, err)
	}
}

// Results of an interrupted run, which are a prefix of the whole, are refused, even if all arms have equally many.
func TestReadRefusesInterruptedRuns(t *testing.T) {
	text, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(text)))
	const arms = 12
	for n, want := range map[int]string{
		len(lines) - 1:    "has 15 of 16 results",
		len(lines) - arms: "has 15 of 16 results",
		1 + 8*arms:        "has 8 of 16 results",
		1:                 "no results of 16 problems",
	} {
		path := filepath.Join(t.TempDir(), "interrupted.jsonl")
		if err := os.WriteFile(path, []byte(strings.Join(lines[:n], "")), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path+": ") ||
			!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ponder bench resume") {
			t.Errorf("%d lines: error %v, want %q and the remedy", n, err, want)
		}
		// A partial report has the problems that every arm has.
		have := map[string]int{}
		for _, line := range lines[1:n] {
			id, _, _ := strings.Cut(line, `,"steps"`)
			have[id]++
		}
		whole := 0
		for _, n := range have {
			if n == arms {
				whole++
			}
		}
		s, err := ReadPartial(path)
		if whole == 0 {
			if err == nil {
				t.Errorf("%d lines: got a partial report of %d problems, want an error", n, len(s.Problems))
			}
			continue
		}
		if err != nil || len(s.Problems) != whole || len(s.Warnings) != 2 || // the file has no sums
			!strings.Contains(s.Warnings[1], fmt.Sprintf("%d of 16 problems", whole)) {
			t.Errorf("%d lines: a partial report has %d problems, warnings %q and error %v, want %d problems",
				n, len(s.Problems), s.Warnings, err, whole)
		}
	}
	if s, err := ReadPartial(results); err != nil || len(s.Problems) != 16 || len(s.Warnings) != 1 {
		t.Errorf("of the whole run: %d problems, warnings %q, error %v", len(s.Problems), s.Warnings, err)
	}
}

// sweep returns a sweep of arms with these accuracies, a hundred problems each. A sample has 40 tokens.
func sweep(policy string, parameters int64, arms map[string]map[int]float64) Sweep {
	r := Sweep{Name: policy, Header: bench.Header{Policy: reasoning.Model{Name: policy, Parameters: parameters},
		Seeds: []uint64{1}}}
	for i := range 100 {
		r.Problems = append(r.Problems, problemset.Problem{ID: fmt.Sprint(i)})
	}
	for name, by := range arms {
		for n, accuracy := range by {
			arm, err := bench.ParseArm(name, n)
			if err != nil {
				panic(err) // a name in a test
			}
			a := Row{Arm: arm, Policy: policy, Strategy: name, N: n, Generated: 40 * float64(n),
				PolicyGF: 1e-9 * 80 * float64(parameters) * float64(n)}
			for i := range 100 {
				right := 0.0
				if float64(i) < 100*accuracy {
					right = 1
				}
				a.right = append(a.right, right)
			}
			a.Accuracy = stats.Bootstrap(a.right, 1)
			r.Rows = append(r.Rows, a)
		}
	}
	return r
}

// Liu et al. 2025: efficiency is majority's budget at its best over the budget at which
// compute-optimal search is as good. It may be below 1, and has ">" where the smallest budget is better.
func TestPerformanceGain(t *testing.T) {
	for name, c := range map[string]struct {
		planned    map[int]float64
		gain       string
		efficiency string
	}{
		"in between":                   {map[int]float64{1: 0.4, 4: 0.5, 16: 0.7}, "75.0", "6.4"}, // 0.6 at N = 10
		"better from the first budget": {map[int]float64{4: 0.65, 16: 0.7}, "75.0", ">16.0"},
		"worse than 1":                 {map[int]float64{4: 0.4, 64: 0.5, 256: 0.7}, "75.0", "0.4"}, // 0.6 at N = 160
		"never as good":                {map[int]float64{4: 0.4, 64: 0.5}, "25.0", "<1.0"},
		"no better at all":             {map[int]float64{64: 0.6}, "50.0", "1.0"},
	} {
		r := sweep("p", 100, map[string]map[int]float64{"greedy": {1: 0.4}, "majority": {4: 0.5, 64: 0.6, 256: 0.6},
			"planned": c.planned})
		table, err := PerformanceGain([]Sweep{r})
		if err != nil {
			t.Fatal(err)
		}
		row := table.Rows[0]
		if row[5] != c.gain || row[6] != c.efficiency || row[8] != "planned" {
			t.Errorf("%s: gain %s %%, efficiency %s of %s; want %s and %s", name, row[5], row[6], row[8], c.gain,
				c.efficiency)
		}
	}
}

// For a mixture of experts the active parameters count, once; the total includes the verifier's FLOPs.
func TestTotalFLOPs(t *testing.T) {
	r := sweep("moe", 100, map[string]map[int]float64{"greedy": {1: 0.5}}) // reasoning.Model has the active parameters
	r.Rows[0].VerifierGF = 1e-6
	table, err := TotalFLOPs([]Sweep{r}, Models{"moe": {Parameters: 1000, Active: 100, TrainingTokens: 2000}})
	if err != nil {
		t.Fatal(err)
	}
	// 6·100·2000; 2·40 tokens·100 of 100 problems; 1e-6 GFLOP of 100 problems.
	if got, want := table.Rows[0][4:], []string{"1.20e+06", "8.00e+05", "1.00e+05", "2.10e+06"}; !slices.Equal(got,
		want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := TotalFLOPs([]Sweep{r}, Models{}); err == nil ||
		!strings.Contains(err.Error(), "moe is not in the file") {
		t.Errorf("error %v, want one that names the model", err)
	}
}

func TestPassAtK(t *testing.T) {
	r := Sweep{Oracle: []float64{0.5, 0}, Samples: 4}
	table, ok, err := PassAtK(r)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	// pass@2 of 2 right in 4 is 1 − C(2,2)/C(4,2) = 5/6; the other problem has none.
	for i, want := range []string{"25.0 %", "41.7 %", "50.0 %"} {
		if !strings.HasPrefix(table.Rows[i][1], want) {
			t.Errorf("k = %s: %s, want %s", table.Rows[i][0], table.Rows[i][1], want)
		}
	}
	if _, ok, _ := PassAtK(Sweep{}); ok {
		t.Error("pass@k of nothing")
	}
}

func TestParetoFrontHasAllUndominatedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var arms []Row
		for range rapid.IntRange(1, 12).Draw(t, "arms") {
			a := Row{Generated: float64(rapid.IntRange(1, 9).Draw(t, "cost"))}
			a.Accuracy.Mean = float64(rapid.IntRange(0, 9).Draw(t, "accuracy"))
			arms = append(arms, a)
		}
		front := Pareto(arms, Tokens)
		for _, a := range arms {
			beaten := slices.ContainsFunc(arms, func(b Row) bool {
				return b.Generated <= a.Generated && b.Accuracy.Mean >= a.Accuracy.Mean &&
					(b.Generated < a.Generated || b.Accuracy.Mean > a.Accuracy.Mean)
			})
			in := slices.ContainsFunc(front, func(b Row) bool {
				return b.Generated == a.Generated &&
					b.Accuracy.Mean == a.Accuracy.Mean
			})
			if in == beaten {
				t.Fatalf("%v at %v is beaten: %v; on the front: %v", a.Accuracy.Mean, a.Generated, beaten, in)
			}
		}
	})
}

// Fit finds the law that accuracies follow: with two terms for policies of one size, with four for several sizes.
func TestFitFindsTheLaw(t *testing.T) {
	law := func(c, s float64) float64 {
		x := -10 + 1.0*math.Log10(c) + 0.5*math.Log10(s)
		return 1 / (1 + math.Exp(-x))
	}
	var sweeps []Sweep
	for _, s := range []int64{1e5, 1e6} {
		by := map[int]float64{}
		for _, n := range []int{1, 4, 16, 64} {
			by[n] = law(80*float64(s)*float64(n), float64(s))
		}
		sweeps = append(sweeps, sweep(fmt.Sprint(s), s, map[string]map[int]float64{"beam": by}))
	}
	for i := range sweeps { // set exact accuracies, which a hundred problems cannot have
		for j, a := range sweeps[i].Rows {
			sweeps[i].Rows[j].Accuracy.Mean = law(1e9*GFLOP(a), float64(sweeps[i].Header.Policy.Parameters))
		}
	}
	one, ok := Fit(sweeps[:1], "beam")
	if !ok || math.Abs(one.Terms[1]-1) > 0.05 || one.R2 < 0.99 || one.Terms[2] != 0 {
		t.Errorf("one size: %+v", one)
	}
	two, ok := Fit(sweeps, "beam")
	if !ok || two.R2 < 0.99 || two.Sizes != 2 {
		t.Errorf("two sizes: %+v", two)
	}
	if _, ok := Fit(sweeps, "dfs"); ok {
		t.Error("a law of nothing")
	}
}

func TestMalformedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	for text, want := range map[string]string{
		`{`:             "unexpected end",
		`{"models":{}}`: "currency: must not be empty",
		`{"currency":"EUR","models":{"p":{"prompt":-1}}}`: "models.p: prices must not be negative",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPrices(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("prices %s: error %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`[]`:       "cannot unmarshal",
		`{"p":{}}`: "p.parameters: must be more than 0",
		`{"p":{"parameters":10,"active_parameters":11}}`: "p.active_parameters: must be 0 to 10",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadModels(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("models %s: error %v, want %q", text, err, want)
		}
	}
}
