package main

import (
	"os"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/report"
)

type benchReportCmd struct {
	Results []string `arg:"" help:"Files of results, of one policy each: those of several are compared." type:"existingfile"`
	Out     string   `help:"Directory for report.md, tables as CSV and plots; without it only the first table is printed." placeholder:"DIR" type:"path"`
	Prices  string   `help:"What tokens cost, by model, as JSON." placeholder:"FILE" type:"existingfile"`
	Models  string   `help:"Parameters and training tokens of models, as JSON, for the FLOPs of training." placeholder:"FILE" type:"existingfile"`
	PNG     bool     `name:"png" help:"Plots as PNG instead of SVG."`
}

// Run prints a table of what was done, and writes the report.
func (c *benchReportCmd) Run(out *output) error {
	var sweeps []report.Sweep
	for _, path := range c.Results {
		r, err := report.Read(path)
		if err != nil {
			return err
		}
		sweeps = append(sweeps, r)
	}
	o := report.Options{PNG: c.PNG}
	var err error
	if c.Prices != "" {
		if o.Prices, err = report.ReadPrices(c.Prices); err != nil {
			return err
		}
	}
	if c.Models != "" {
		if o.Models, err = report.ReadModels(c.Models); err != nil {
			return err
		}
	}
	for _, r := range sweeps {
		if out.json {
			for _, a := range r.Rows {
				if err := out.value(a); err != nil {
					return err
				}
			}
			continue
		}
		table := report.Costs(r.Rows)
		say("%s", r.Name)
		if err := table.WriteText(os.Stdout); err != nil {
			return err
		}
	}
	if c.Out == "" {
		return nil
	}
	names, err := report.Write(c.Out, sweeps, o)
	if err != nil {
		return err
	}
	say("wrote %s and %d files beside it", filepath.Join(c.Out, "report.md"), len(names)-1)
	return nil
}
