package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/report"
)

// makeTable writes the evidence and the plots of results files: the first is that of the table, the others those of
// its controls.
func makeTable(out, plots string, paths []string) error {
	var sweeps []report.Sweep
	for _, path := range paths {
		r, err := readSweep(path)
		if err != nil {
			return err
		}
		sweeps = append(sweeps, r)
	}
	first := sweeps[0]
	results := map[string]any{
		"headline": report.Costs(headline(first.Rows)),
		"table":    report.Costs(first.Rows), "differences": report.Differences(first), "by_steps": report.BySteps(first),
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
		Name:    strings.TrimSuffix(filepath.Base(out), ".json"),
		What:    "Held-out pocket problems through the whole mesh in one process; each search billed as if it ran alone.",
		Command: "make table", Seeds: first.Header.Seeds, Models: models,
		Samples: map[string]int{"problems": len(first.Problems)}, Results: results,
	}.Write(out)
}

// headline returns the rows that the README quotes: greedy, and the main strategies at
// N = 16.
func headline(rows []report.Row) []report.Row {
	main := []string{"majority", "best-of-n", "beam", "dvts", "rebase"}
	return slices.DeleteFunc(slices.Clone(rows), func(r report.Row) bool {
		return r.Strategy != "greedy" && !(r.N == 16 && slices.Contains(main, r.Strategy))
	})
}
