package calibrate

import (
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// Describe fills in whose profile it is.
func Describe(p *profile.Profile, h bench.Header) {
	of := func(m bench.Model) profile.Model {
		return profile.Model{Name: m.Name, Version: m.Version, Template: m.Template, Parameters: m.Parameters, Aggregator: m.Aggregator}
	}
	p.Policy, p.Verifier = of(h.Policy), of(h.Verifier)
	p.Problems = profile.Problems{Set: h.Problems.Set, Count: h.Problems.Count, SHA256: h.Problems.SHA256}
	p.Sampling = profile.Sampling{Temperature: h.Sampling.Temperature, TopP: h.Sampling.TopP, MaxTokens: h.Sampling.MaxTokens}
	p.Seeds = h.Seeds
	p.Estimator = profile.Estimator{Method: difficulty.MethodProbe.String(), Samples: difficulty.DefaultSamples}
	if p.Name = p.Policy.Name; p.Verifier.Name != "" {
		p.Name = fmt.Sprintf("%s with %s", p.Policy.Name, p.Verifier.Name)
	}
}

// Chosen is the strategies that plans by a profile may use, each once.
func Chosen(p *profile.Profile) (all []profile.Arm) {
	add := func(a profile.Arm) {
		if !slices.ContainsFunc(all, func(b profile.Arm) bool { return same(a, b) }) {
			all = append(all, a)
		}
	}
	for _, b := range p.Budgets {
		add(b.Uniform)
		for _, r := range b.Rows {
			add(r)
		}
	}
	return all
}

func same(a, b profile.Arm) bool { return a.Strategy == b.Strategy && a.N == b.N }

// Spread is n problems of a set, from its beginning to its end.
func Spread(set []problemset.Problem, n int) (some []problemset.Problem) {
	n = min(n, len(set))
	for i := range n {
		some = append(some, set[i*len(set)/n])
	}
	return some
}

// Time fills in how long the strategies of a profile took, by results of searches that
// ran alone.
func Time(p *profile.Profile, results []bench.Result) {
	took, n := map[bench.Arm]float64{}, map[bench.Arm]float64{}
	for _, r := range results {
		key := bench.Arm{Name: r.Arm, N: r.N}
		took[key] += r.Timing.ElapsedSeconds
		n[key]++
	}
	fill := func(arms []profile.Arm) {
		for i, a := range arms {
			if key := (bench.Arm{Name: a.Strategy, N: a.N}); n[key] > 0 {
				arms[i].Seconds = took[key] / n[key]
			}
		}
	}
	fill(p.All)
	for i := range p.Bins {
		fill(p.Bins[i].Arms)
	}
	for i := range p.Budgets {
		fill(p.Budgets[i].Rows)
		one := []profile.Arm{p.Budgets[i].Uniform}
		fill(one)
		p.Budgets[i].Uniform = one[0]
	}
}
