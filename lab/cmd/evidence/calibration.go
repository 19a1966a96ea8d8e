package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/report"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// A calibration holds the profile and the results of ponder calibrate.
type calibration struct {
	profile *profile.Profile
	sweep   report.Sweep
}

func readCalibration(dir string) (c calibration, err error) {
	if c.profile, err = profile.Load(filepath.Join(dir, "profile.json")); err != nil {
		return c, err
	}
	c.sweep, err = readSweep(filepath.Join(dir, "results.jsonl"))
	return c, err
}

// makeCalibration writes the evidence of make calibration's directory: for each pair of models the chosen
// strategies and their held-out accuracies, and the accuracies of planned searches.
func makeCalibration(out, dir string) error {
	results, ids := map[string]any{}, map[string]evidence.Identity{}
	problems := 0
	pairs, err := filepath.Glob(filepath.Join(dir, "*", "profile.json"))
	if err != nil {
		return err
	}
	for _, path := range pairs {
		name := filepath.Base(filepath.Dir(path))
		if strings.HasPrefix(name, "half") {
			continue
		}
		c, err := readCalibration(filepath.Dir(path))
		if err != nil {
			return err
		}
		r, err := c.results()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results[name] = r
		problems = max(problems, len(c.sweep.Problems))
		addModels(ids, c.sweep.Header)
	}
	planned, err := heldOut(dir)
	if err != nil {
		return err
	}
	results["planned"] = planned
	if results["unmeasured"], err = unmeasured(dir); err != nil {
		return err
	}
	if results["sizes"], err = sizes(dir); err != nil {
		return err
	}
	var models []evidence.Identity
	for _, id := range ids {
		models = append(models, id)
	}
	sortIdentities(models)
	return evidence.Record{
		Name:    "calibration",
		What:    "What calibration chose for pairs of pocket models, and what it did on problems that it was not chosen by.",
		Command: "make calibration", Seeds: []uint64{1}, Models: models, Samples: map[string]int{"problems": problems},
		Results: results,
	}.Write(out)
}

// results returns the evidence of one pair of models.
func (c calibration) results() (map[string]any, error) {
	gain, err := c.gain()
	if err != nil {
		return nil, err
	}
	return map[string]any{"budgets": c.budgets(), "rows": c.rows(), "reuse": c.reuse(), "estimators": c.estimators(),
		"gain": gain, "name": c.profile.Name}, nil
}

// addModels adds the models of a header by name.
func addModels(ids map[string]evidence.Identity, h bench.Header) {
	for _, m := range []reasoning.Model{h.Policy, h.Verifier.Model} {
		if m.Name != "" {
			ids[m.Name] = evidence.Identity{Name: m.Name, SHA256: m.Version, Params: m.Parameters}
		}
	}
}

// sortIdentities sorts models by name.
func sortIdentities(models []evidence.Identity) {
	slices.SortFunc(models, func(a, b evidence.Identity) int { return strings.Compare(a.Name, b.Name) })
}

// points formats a difference of accuracies in percentage points.
func points(e stats.Interval) string {
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*e.Mean, 100*e.Low, 100*e.High)
}

// budgets returns the table that compares strategies by difficulty with the best strategy for all problems, by
// cross-validation.
func (c calibration) budgets() table.Table {
	t := table.New(">budget", "best for all", "accuracy [95 %]", ">tokens", "by difficulty", ">tokens", "difference",
		"tokens", "the profile says")
	for _, b := range c.profile.Budgets {
		m, says := b.Measured, "the same for all"
		if b.Adaptive {
			says = "by difficulty"
		}
		t.Add(fmt.Sprint(b.N), fmt.Sprintf("%s %d", b.Uniform.Strategy, b.Uniform.N), m.Uniform.Accuracy.Percent(),
			fmt.Sprintf("%.0f", m.Uniform.Generated),
			m.Adaptive.Accuracy.Percent(), fmt.Sprintf("%.0f", m.Adaptive.Generated), points(m.Difference),
			fmt.Sprintf("%+.0f [%+.0f, %+.0f]", m.TokensDifference.Mean, m.TokensDifference.Low, m.TokensDifference.High), says)
	}
	return t
}

// rows returns the table of the strategies by budget and bin.
func (c calibration) rows() table.Table {
	t := table.New(">budget")
	for _, b := range c.profile.Bins {
		t.Header = append(t.Header, fmt.Sprintf("pass@1 in %s (%d problems)", b.Label, b.Problems))
	}
	for _, b := range c.profile.Budgets {
		row := []string{fmt.Sprint(b.N)}
		for _, a := range b.Rows {
			row = append(row, fmt.Sprintf("%s %d: %.0f %%, %.0f tokens", a.Strategy, a.N, 100*a.Accuracy.Mean,
				a.Generated))
		}
		if len(b.Rows) > 0 {
			t.Add(row...)
		}
	}
	return t
}

// reuse returns the table of the costs of searches with and without reuse of the estimate's samples.
func (c calibration) reuse() table.Table {
	t := table.New(">budget", ">by difficulty, tokens", ">without reuse", ">more")
	for _, b := range c.profile.Budgets {
		if len(b.Rows) > 0 {
			with, without := b.Measured.Adaptive.Generated, b.Measured.WithoutReuse.Generated
			t.Add(fmt.Sprint(b.N), fmt.Sprintf("%.0f", with), fmt.Sprintf("%.0f", without),
				fmt.Sprintf("%.1f %%", 100*(without/with-1)))
		}
	}
	return t
}

// estimators returns the table that compares methods of difficulty estimation with the oracle.
func (c calibration) estimators() table.Table {
	t := table.New("estimator", ">rank correlation", ">same fifth as the oracle", ">samples", ">generated tokens",
		">verifier tokens")
	for _, q := range c.profile.Estimators {
		t.Add(q.Method, fmt.Sprintf("%.3f", q.Spearman), fmt.Sprintf("%.0f %%", 100*q.BinAccuracy),
			fmt.Sprintf("%.1f", q.Samples), fmt.Sprintf("%.0f", q.Generated), fmt.Sprintf("%.0f", q.Verifier))
	}
	return t
}

// gain returns the table of the efficiency gain (Liu et al. 2025) of the profile's choices over majority, by
// cross-validation, including the cost of difficulty estimates.
func (c calibration) gain() (table.Table, error) {
	t := table.New("majority, best", ">its tokens", "in", ">compute-optimal needs", ">efficiency", "its best")
	votes := c.sweep.Curve("majority")
	for _, unit := range []struct {
		name    string
		of      func(report.Row) float64
		outcome func(profile.Outcome) float64
		format  string
	}{
		{"generated tokens", report.Tokens, func(o profile.Outcome) float64 { return o.Generated }, "%.0f"},
		{"GFLOP, the verifier's included", report.GFLOP, func(o profile.Outcome) float64 { return o.FLOPs / 1e9 },
			"%.2f"},
	} {
		var chosen []measure.Point
		best := stats.Interval{}
		for _, b := range c.profile.Budgets {
			o := b.Measured.Chosen
			chosen = append(chosen, measure.Point{Budget: unit.outcome(o), Accuracy: o.Accuracy.Mean})
			if o.Accuracy.Mean > best.Mean {
				best = o.Accuracy
			}
		}
		curve := votes.Points(unit.of)
		top := slices.MaxFunc(curve, func(a, b measure.Point) int {
			return cmp.Or(cmp.Compare(a.Accuracy, b.Accuracy), cmp.Compare(b.Budget, a.Budget))
		})
		g, err := measure.EfficiencyGain(curve, chosen)
		if err != nil {
			return t, err
		}
		t.Add(fmt.Sprintf("%.1f %%", 100*top.Accuracy), fmt.Sprintf(unit.format, top.Budget), unit.name,
			fmt.Sprintf(unit.format, top.Budget/g.Factor), g.String()+" ×", best.Percent())
	}
	return t, nil
}
