package main

import "github.com/ponder-mesh/ponder/internal/serve"

type versionCmd struct{}

// Run prints the version.
func (*versionCmd) Run(out *output) error {
	return out.row(map[string]string{"version": serve.Version()}, "ponder %s", serve.Version())
}
