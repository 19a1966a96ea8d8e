package main

import (
	"fmt"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/report"
)

// makeRealCalibration writes the evidence of test/real/calibrate.sh's directory: a real model, calibrated on each
// half of the problems and planned by that profile on the other half; and GSM8K.
func makeRealCalibration(out, dir string) error {
	planned, err := heldOut(dir)
	if err != nil {
		return err
	}
	results := map[string]any{"planned": planned}
	ids := map[string]evidence.Identity{}
	problems := 0
	for half := 1; half <= 2; half++ {
		c, err := readCalibration(filepath.Join(dir, fmt.Sprintf("half%d", half)))
		if err != nil {
			return err
		}
		problems += len(c.sweep.Problems)
		results[fmt.Sprintf("half%d", half)] = map[string]any{"budgets": c.budgets(),
			"costs": report.Costs(c.sweep.Rows)}
		addModels(ids, c.sweep.Header)
	}
	gsm8k, err := readSweep(filepath.Join(dir, "gsm8k.jsonl"))
	if err != nil {
		return err
	}
	results["gsm8k"] = map[string]any{"costs": report.Costs(gsm8k.Rows), "differences": report.Differences(gsm8k)}
	var models []evidence.Identity
	for _, id := range ids {
		models = append(models, id)
	}
	sortIdentities(models)
	return evidence.Record{
		Name:    "real-calibration",
		What:    "A real 0.5B model, calibrated with the pocket PRM as its verifier and planned by that; and GSM8K without a verifier.",
		Command: "make real-calibrate", Seeds: []uint64{1}, Models: models,
		Samples: map[string]int{"pocket problems": problems, "GSM8K problems": len(gsm8k.Problems)}, Results: results,
	}.Write(out)
}
