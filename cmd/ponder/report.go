package main

import (
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/report"
)

type benchReportCmd struct {
	Results []string `arg:"" help:"Files of results, each of one policy; several files are compared." type:"existingfile"`
	Out     string   `help:"Directory for report.md, tables as CSV, and plots; default: print the table of costs only." placeholder:"DIR" type:"path"`
	Prices  string   `help:"JSON file with prices of tokens by model." placeholder:"FILE" type:"existingfile"`
	Models  string   `help:"JSON file with parameters and training tokens by model, for the FLOPs of training." placeholder:"FILE" type:"existingfile"`
	Partial bool     `help:"Report interrupted runs, too: by the problems that every arm has."`
	PNG     bool     `name:"png" help:"Write plots as PNG instead of SVG."`
}

// Run prints a table of costs for each file and writes the report.
func (c *benchReportCmd) Run(out *output) error {
	var sweeps []report.Sweep
	for _, path := range c.Results {
		read := report.Read
		if c.Partial {
			read = report.ReadPartial
		}
		r, err := read(path)
		if err != nil {
			return err
		}
		warn(path, r.Warnings)
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
	for _, sweep := range sweeps {
		if out.json {
			for _, row := range sweep.Rows {
				if err := out.value(row); err != nil {
					return err
				}
			}
			continue
		}
		say("%s", sweep.Name)
		if err := out.table(report.Costs(sweep.Rows)); err != nil {
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
