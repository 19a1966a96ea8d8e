package main

import (
	"errors"

	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// explainStrategies prints all strategies with their parameters.
func explainStrategies(out *output) error {
	for _, s := range strategies.Catalogue() {
		err := out.row(s, "%s: %s", s.Name, s.Summary)
		if s.Source != "" {
			err = errors.Join(err, out.line("    %s", s.Source))
		}
		for _, p := range s.Parameters {
			err = errors.Join(err, out.line("    %-12s %-8s %s", p.Name, p.Default, p.Summary))
		}
		if err != nil {
			return err
		}
	}
	return out.line("\nThe second column is the default for n = 16. Set parameters by --n, --m and --set NAME=VALUE.")
}
