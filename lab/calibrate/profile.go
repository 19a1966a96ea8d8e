package calibrate

import (
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// Describe sets the models, the problems, the seeds, the sampling, the estimator and the name of a profile
// from the header of its results.
func Describe(p *profile.Profile, h bench.Header) {
	p.Policy, p.Verifier = h.Policy, h.Verifier
	p.Policy.Tokenizer, p.Verifier.Tokenizer = "", "" // empty matches any tokenizer
	p.Problems, p.Sampling, p.Seeds = h.Problems, h.Sampling, h.Seeds
	p.Estimator = profile.EstimatorConfig{Method: difficulty.MethodProbe.String(), Samples: difficulty.DefaultSamples}
	if p.Name = p.Policy.Name; p.Verifier.Name != "" {
		p.Name = fmt.Sprintf("%s with %s", p.Policy.Name, p.Verifier.Name)
	}
}

// ChosenArms returns the arms that a profile chose for its budgets, without repetition.
func ChosenArms(p *profile.Profile) (all []profile.Arm) {
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

// Spread returns n problems of a set at equal distances.
func Spread(set []problemset.Problem, n int) (some []problemset.Problem) {
	n = min(n, len(set))
	for i := range n {
		some = append(some, set[i*len(set)/n])
	}
	return some
}

// SetSeconds sets the Seconds of a profile's arms to the means of m, which holds the results of searches that
// ran one at a time.
func SetSeconds(p *profile.Profile, m *bench.Matrix) {
	type arm struct {
		name string
		n    int
	}
	seconds := map[arm]float64{}
	for _, row := range m.Rows {
		sum := 0.0
		for _, r := range row.Results {
			sum += r.Timing.ElapsedSeconds
		}
		seconds[arm{row.Arm.Name(), row.Arm.N}] = sum / float64(len(row.Results))
	}
	fill := func(a *profile.Arm) {
		if s, ok := seconds[arm{a.Strategy, a.N}]; ok {
			a.Seconds = s
		}
	}
	for i := range p.All {
		fill(&p.All[i])
	}
	for _, b := range p.Bins {
		for i := range b.Arms {
			fill(&b.Arms[i])
		}
	}
	for i := range p.Budgets {
		fill(&p.Budgets[i].Uniform)
		for j := range p.Budgets[i].Rows {
			fill(&p.Budgets[i].Rows[j])
		}
	}
}
