//go:build real

package main

import (
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// pair combines a policy and a verifier to a search.Backend.
type pair struct {
	policy.Policy
	verifier.Verifier
}
