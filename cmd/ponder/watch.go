package main

import "context"

type watchCmd struct {
	searchID `embed:""`
	Quiet    bool  `help:"Print no nodes." short:"q"`
	After    int64 `help:"Print what changed after this sequence number; 0: all."`
}

// Run prints the events of a search to its end. Ctrl-C ends the command, not the search.
func (c *watchCmd) Run(ctx context.Context, out *output) error {
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	return c.follow(ctx, solver, c.ref(), c.After, !c.Quiet, out)
}
