package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/ponder-mesh/ponder/internal/tracefile"
)

type traceCmd struct {
	File   string `arg:"" help:"A file of spans that ponder demo or --trace-file wrote."`
	Search string `help:"Show only this search, with its waterfall." placeholder:"ID"`
	List   bool   `help:"List the searches in the file."`
}

// Run prints the latencies of a trace file by depth.
func (c *traceCmd) Run(_ context.Context, out *output) error {
	open := func() (io.ReadCloser, error) { return os.Open(c.File) }
	if err := tracefile.Show(out.writer(), open, tracefile.View{Search: c.Search, List: c.List, JSON: out.json}); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return nil
}
