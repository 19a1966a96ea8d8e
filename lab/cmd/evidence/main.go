// Command evidence keeps the figures in documents those of docs/evidence:
//
//	go run ./lab/cmd/evidence fill    # write them in
//	go run ./lab/cmd/evidence check   # fail if one is stale
//	go run ./lab/cmd/evidence table docs/evidence/strategies.json docs/plots RESULTS…
//	go run ./lab/cmd/evidence calibration docs/evidence/calibration.json out/calibration
//
// Table makes evidence and plots of what ponder bench run wrote: first the table, then
// its controls. Calibration makes evidence of what make calibration wrote.
//
// A document quotes results/KEY of docs/evidence/NAME.json between the markers
// <!-- evidence:NAME:KEY --> and <!-- /evidence -->.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ponder-mesh/ponder/lab/evidence"
)

const dir = "docs/evidence"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		return err
	}
	docs = append(docs, "README.md")
	slices.Sort(docs)
	switch {
	case slices.Equal(args, []string{"fill"}):
		return evidence.Fill(dir, docs...)
	case slices.Equal(args, []string{"check"}):
		return evidence.Check(dir, docs...)
	case len(args) > 3 && args[0] == "table":
		return makeTable(args[1], args[2], args[3:])
	case len(args) == 3 && args[0] == "calibration":
		return makeCalibration(args[1], args[2])
	case len(args) == 3 && args[0] == "real-calibration":
		return makeRealCalibration(args[1], args[2])
	}
	return fmt.Errorf("usage: evidence fill|check|table|calibration|real-calibration, in the repository's root")
}
