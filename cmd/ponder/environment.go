package main

import (
	"slices"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// unknownVariables returns a message for each PONDER_ variable of an environment that has no effect. On dev, which is
// all services, that is each that dev does not read. Other commands may run where services' variables are set: only
// those that begin with the names of services whose models the command runs must be known.
func unknownVariables(command *kong.Context, environ []string) []string {
	var known []string
	selected := command.Selected()
	for _, node := range command.Model.Leaves(false) {
		if selected.Name == "dev" && node != selected {
			continue
		}
		for _, f := range node.Flags {
			known = append(known, f.Envs...)
		}
	}
	others := serve.Services
	switch {
	case selected.Name == "dev":
		others = nil
	case slices.ContainsFunc(selected.Flags, func(f *kong.Flag) bool { return f.Name == "policy-url" }):
		others = []string{"planner", "difficulty"}
	}
	return serve.UnknownVariables(environ, known, others)
}
