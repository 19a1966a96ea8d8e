package main

import (
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/lab/report"
)

// readSweep reads a results file, and prints why the file may not hold what was written to it.
func readSweep(path string) (report.Sweep, error) {
	s, err := report.Read(path)
	for _, w := range s.Warnings {
		fmt.Fprintf(os.Stderr, "evidence: %s: %s\n", path, w)
	}
	return s, err
}
