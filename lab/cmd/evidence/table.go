package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/report"
)

// makeTable writes the evidence and the plots of some sweeps. The first is the table; the
// others are its controls.
func makeTable(out, plots string, paths []string) error {
	var sweeps []report.Sweep
	for _, path := range paths {
		r, err := report.Read(path)
		if err != nil {
			return err
		}
		sweeps = append(sweeps, r)
	}
	first := sweeps[0]
	brief := first.Only(headline...)
	results := map[string]any{
		"headline": report.Costs(brief.Rows), "headline_differences": report.Differences(brief),
		"table": report.Costs(first.Rows), "differences": report.Differences(first), "by_steps": report.BySteps(first),
	}
	var all []report.Row
	ids := map[string]evidence.Identity{}
	for _, r := range sweeps {
		all = append(all, r.Rows...)
		addModels(ids, r.Header)
	}
	results["arms"], results["controls"] = all, report.Controls(sweeps[1:])
	if _, err := report.Plot(plots, first, "svg"); err != nil {
		return err
	}
	var models []evidence.Identity
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		models = append(models, ids[name])
	}
	return evidence.Record{
		Name: strings.TrimSuffix(filepath.Base(out), ".json"), What: "Held-out pocket problems through the whole mesh in one process; each search billed as if it ran alone.",
		Command: "make table", Seeds: first.Header.Seeds, Models: models,
		Samples: map[string]int{"problems": len(first.Problems)}, Results: results,
	}.Write(out)
}

// headline is what the README shows.
var headline = []string{"greedy", "majority", "best-of-n", "beam", "dvts", "rebase"}
