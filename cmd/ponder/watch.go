package main

import "context"

type watchCmd struct {
	searchID `embed:""`
	After    int64 `help:"Print what changed after this sequence number; 0: all."`
}

// Run prints the events of a search to its end. Ctrl-C ends the command, not the search.
func (c *watchCmd) Run(ctx context.Context, out *output) error {
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	view := &view{out: out, verbose: true}
	for event, err := range solver.Watch(ctx, c.ref(), c.After) {
		switch {
		case err != nil && ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			return c.explain(err)
		}
		if err := view.show(event); err != nil {
			return err
		}
	}
	return view.end()
}
