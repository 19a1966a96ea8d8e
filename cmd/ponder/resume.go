package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/reasoning"
)

type benchResumeCmd struct {
	Results string `arg:"" help:"The file of results." type:"existingfile"`
}

// Run runs the command line that began the file of results, which may have been moved.
func (c *benchResumeCmd) Run(ctx context.Context, out *output) error {
	file, err := bench.ReadLog(c.Results)
	if err != nil {
		return err
	}
	if len(file.Header.Command) == 0 {
		return reasoning.Invalid("command", "is not in the header of %s: to resume, run the command that began the file",
			c.Results)
	}
	path, err := filepath.Abs(c.Results)
	if err != nil {
		return err
	}
	var line cli
	parser, err := newParser(&line)
	if err != nil {
		return err
	}
	command, err := parser.Parse(append(file.Header.Command, "--out", path))
	if err != nil {
		return fmt.Errorf("this version does not have the command that began %s: %w", c.Results, err)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(out)
}
