package main

import (
	"fmt"

	"github.com/ponder-mesh/ponder/internal/serve"
)

type versionCmd struct{}

// Run prints the version.
func (*versionCmd) Run(out *output) error {
	if out.json {
		return out.value(map[string]string{"version": serve.Version()})
	}
	fmt.Println("ponder", serve.Version())
	return nil
}
