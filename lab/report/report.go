package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ponder-mesh/ponder/lab/table"
)

// Options configures a report.
type Options struct {
	Prices *Prices // nil: no table of prices
	Models Models  // nil: no table of training FLOPs
	PNG    bool    // plots are PNG instead of SVG
}

// A part is a section of a report: a table with its title and the name of its CSV file.
type part struct {
	file, title, note string
	table             table.Table
}

// Write writes report.md, the plots and a CSV file for each table into a directory, and returns the names
// of all files.
func Write(dir string, sweeps []Sweep, o Options) (names []string, err error) {
	parts, err := partsOf(sweeps, o)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Report\n\n")
	for _, s := range sweeps {
		fmt.Fprintf(&text, "- %s: policy %s, verifier %s, %d problems of %s, seeds %v, temperature %v\n", s.Name,
			s.Header.Policy.Name, orNone(s.Header.Verifier.Name),
			len(s.Problems), s.Header.Problems.Set, s.Header.Seeds, s.Header.Sampling.Temperature)
	}
	fmt.Fprintf(&text, "\nCosts are means per problem. Intervals are 95 %%, by resampling problems.\n")
	format := "svg"
	if o.PNG {
		format = "png"
	}
	for i, s := range sweeps {
		at := filepath.Join(dir, fmt.Sprintf("plots-%d", i+1))
		plots, err := Plot(at, s, format)
		if err != nil {
			return nil, fmt.Errorf("plots of %s: %w", s.Name, err)
		}
		if len(plots) > 0 {
			fmt.Fprintf(&text, "\n## Plots of %s\n\n", s.Name)
		}
		for _, p := range plots {
			name := fmt.Sprintf("plots-%d/%s", i+1, p)
			fmt.Fprintf(&text, "![%s](%s)\n\n", strings.TrimSuffix(p, "."+format), name)
			names = append(names, name)
		}
	}
	for _, p := range parts {
		fmt.Fprintf(&text, "\n## %s\n\n", p.title)
		if p.note != "" {
			fmt.Fprintf(&text, "%s\n\n", p.note)
		}
		if len(p.table.Rows) == 0 {
			continue
		}
		if err := p.table.WriteMarkdown(&text); err != nil {
			return nil, err
		}
		if err := writeCSV(filepath.Join(dir, p.file+".csv"), p.table); err != nil {
			return nil, err
		}
		names = append(names, p.file+".csv")
	}
	return append(names, "report.md"), os.WriteFile(filepath.Join(dir, "report.md"), []byte(text.String()), 0o644)
}

// orNone returns the name, or "none" if it is empty.
func orNone(name string) string {
	if name == "" {
		return "none"
	}
	return name
}

// partsOf returns the sections of a report on sweeps.
func partsOf(sweeps []Sweep, o Options) (parts []part, err error) {
	for i, s := range sweeps {
		suffix, of := fmt.Sprintf("-%d", i+1), " of "+s.Name
		parts = append(parts, part{"costs" + suffix, "Accuracy and costs" + of, "", Costs(s.Rows)},
			part{"differences" + suffix, "Differences on the same problems" + of, "In points of accuracy.",
				Differences(s)},
			part{"budgets" + suffix, "Accuracy by method and budget" + of, "", ByBudget(s)})
		if panels := s.bySteps(); len(panels) > 1 {
			parts = append(parts, part{"steps" + suffix, "By the number of steps that a problem needs" + of, "",
				ByDifficulty(s, panels)})
		}
		for _, absolute := range []bool{false, true} {
			if panels := s.Panels(absolute); panels != nil {
				kind := map[bool]string{false: "quantiles", true: "absolute"}[absolute]
				parts = append(parts, part{kind + suffix, "By difficulty, " + kind + of,
					fmt.Sprintf("By pass@1 of %d samples.", s.Samples), ByDifficulty(s, panels)})
			}
		}
		pass, ok, err := PassAtK(s)
		if err != nil {
			return nil, err
		}
		note := fmt.Sprintf("Unbiased, of %d samples.", s.Samples)
		if !ok {
			note = "There is no oracle arm: add difficulty:oracle to --arms."
		}
		parts = append(parts, part{"pass" + suffix, "pass@k" + of, note, pass})
	}
	gains, err := PerformanceGain(sweeps)
	if err != nil {
		return nil, err
	}
	parts = append(parts, part{"gains", "Performance and efficiency gain (Liu et al. 2025, Table 5)", "", gains},
		part{"sizes", "Small policies with search against large policies without (Liu et al. 2025, Table 3)", "",
			SmallAgainstLarge(sweeps)})
	if o.Models != nil {
		total, err := TotalFLOPs(sweeps, o.Models)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{"flops", "FLOPs of training and of all problems (Liu et al. 2025, Table 4)", "",
			total})
	}
	parts = append(parts, part{"pareto-tokens", "Pareto front in generated tokens", "",
		ParetoTable(sweeps, Tokens, "generated")},
		part{"pareto-flops", "Pareto front in GFLOP, the verifier's included", "", ParetoTable(sweeps, GFLOP, "GFLOP")},
		part{"scaling", "Scaling laws (after Wu et al. 2024)",
			"C is FLOPs per problem, the verifier's included; S is the policy's parameters.", Laws(sweeps)})
	if o.Prices != nil {
		money, err := Money(sweeps, o.Prices)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{"money", "Prices", "", money})
	}
	return parts, nil
}

func writeCSV(path string, t table.Table) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(file)
	err = errors.Join(w.Write(t.Header), w.WriteAll(t.Rows))
	return errors.Join(err, file.Close())
}
