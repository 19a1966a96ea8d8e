package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/table"
)

// unmeasured returns the table that compares, for the biased reward model, plans by the rule of thumb (without a
// profile) with the choices of calibration. It is empty if there are no results of the rule of thumb.
func unmeasured(dir string) (table.Table, error) {
	t := table.New(">budget", "rule of thumb", ">tokens", "calibrated, by cross-validation", ">tokens", "majority")
	thumb, err := readSweep(filepath.Join(dir, "biased-thumb.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	c, err := readCalibration(filepath.Join(dir, "biased"))
	if err != nil {
		return t, err
	}
	for _, b := range c.profile.Budgets {
		if r, ok := thumb.Find(plannedArm(b.N)); ok {
			votes, _ := c.sweep.Find(majorityArm(b.N))
			t.Add(fmt.Sprint(b.N), r.Accuracy.Percent(), fmt.Sprintf("%.0f", r.Generated),
				b.Measured.Chosen.Accuracy.Percent(), fmt.Sprintf("%.0f",
					b.Measured.Chosen.Generated), votes.Accuracy.Percent())
		}
	}
	return t, nil
}
