package main

import (
	"fmt"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// sizes returns the table that compares searches by small policies with greedy answers of large ones.
func sizes(dir string) (table.Table, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "greedy-*.jsonl"))
	if err != nil {
		return table.Table{}, err
	}
	pairs, err := filepath.Glob(filepath.Join(dir, "*", "profile.json"))
	if err != nil {
		return table.Table{}, err
	}
	t := table.New("policy", ">parameters", "method", "verifier", "accuracy [95 %]", ">generated", ">policy MFLOP",
		">verifier MFLOP")
	for _, path := range paths {
		sweep, err := readSweep(path)
		if err != nil {
			return t, err
		}
		if r, ok := sweep.Find(bench.Arm{N: 1, Strategy: search.Greedy{}}); ok {
			t.Add(sweep.Header.Policy.Name, fmt.Sprint(sweep.Header.Policy.Parameters), "greedy", "", r.Accuracy.Percent(),
				fmt.Sprintf("%.0f", r.Generated), fmt.Sprintf("%.0f", 1e3*r.PolicyGF), "0")
		}
	}
	for _, path := range pairs {
		if name := filepath.Base(filepath.Dir(path)); name == "half1" || name == "half2" {
			continue
		}
		c, err := readCalibration(filepath.Dir(path))
		if err != nil {
			return t, err
		}
		for _, b := range c.profile.Budgets {
			o := b.Measured.Chosen
			t.Add(c.profile.Policy.Name, fmt.Sprint(c.profile.Policy.Parameters),
				fmt.Sprintf("compute-optimal, budget %d", b.N), c.profile.Verifier.Name, o.Accuracy.Percent(),
				fmt.Sprintf("%.0f", o.Generated), fmt.Sprintf("%.0f",
					1e-6*(o.FLOPs-o.VerifierFLOPs)), fmt.Sprintf("%.0f", 1e-6*o.VerifierFLOPs))
		}
	}
	return t, nil
}
