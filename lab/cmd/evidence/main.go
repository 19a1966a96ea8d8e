// Command evidence writes evidence files, and copies their figures into documents:
//
//	go run ./lab/cmd/evidence fill    # copy the figures of docs/evidence into the documents
//	go run ./lab/cmd/evidence check   # fail if a figure in a document differs from docs/evidence
//	go run ./lab/cmd/evidence table docs/evidence/strategies.json docs/plots RESULTS…
//	go run ./lab/cmd/evidence calibration docs/evidence/calibration.json out/calibration
//
// table reads results files of ponder bench run, first that of the table, then those of its controls, and writes
// evidence and plots. calibration reads the directory of make calibration, real-calibration that of make
// real-calibrate.
//
// A document quotes results/KEY of docs/evidence/NAME.json between the markers
// <!-- evidence:NAME:KEY --> and <!-- /evidence -->.
package main

import (
	"errors"
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
	return errors.New("usage: evidence fill | check | table OUT PLOTS RESULTS… | calibration OUT DIR | " +
		"real-calibration OUT DIR, in the root of the repository")
}
