package main

import (
	"fmt"

	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// explainStrategies prints all strategies with their parameters.
func explainStrategies(out *output) error {
	for _, s := range strategies.Catalogue() {
		if out.json {
			if err := out.value(s); err != nil {
				return err
			}
			continue
		}
		fmt.Printf("%s: %s\n", s.Name, s.Summary)
		if s.Source != "" {
			fmt.Printf("    %s\n", s.Source)
		}
		for _, p := range s.Parameters {
			fmt.Printf("    %-12s %-8s %s\n", p.Name, p.Default, p.Summary)
		}
	}
	if !out.json {
		fmt.Println("\nThe second column is the default where n is 16. Set parameters with --n, --m and --set NAME=VALUE.")
	}
	return nil
}
