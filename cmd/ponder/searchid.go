package main

import "github.com/ponder-mesh/ponder/services/planner"

// searchID holds the flags that name a search.
type searchID struct {
	ID            string `arg:"" help:"The search's id."`
	Tenant        string `help:"Tenant that the search belongs to." env:"PONDER_TENANT"`
	plannerTarget `embed:""`
}

// ref returns the reference to the search.
func (s searchID) ref() planner.Ref { return planner.Ref{Tenant: s.Tenant, ID: s.ID} }
