package main

import (
	"context"

	"github.com/ponder-mesh/ponder/internal/tracefile"
)

type traceCmd struct {
	Files  []string `arg:"" help:"Files of spans, or directories of them: those that ponder demo, --trace-file and the services' -trace-file wrote, and OTLP in JSON, as the collector's file exporter writes it. The spans of a search may be in several." placeholder:"FILE"`
	Search string   `help:"Show only this search, by its id or that of its trace." placeholder:"ID"`
	List   bool     `help:"List the searches in the files."`
}

// Run prints the latencies of searches by depth, and of one its waterfall and its critical path.
func (c *traceCmd) Run(_ context.Context, out *output) error {
	sources, err := tracefile.Files(c.Files...)
	if err != nil {
		return err
	}
	return tracefile.Show(out.writer(), sources, tracefile.View{Search: c.Search, List: c.List, JSON: out.json})
}
