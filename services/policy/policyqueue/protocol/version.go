package protocol

import (
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

const (
	versionFirst    = 1
	versionAttempts = 2 // adds attempts and stop texts, which workers of version 1 ignore

	// Version is the highest version of a job that this package decodes.
	Version = versionAttempts
)

// ErrVersion is the error of a job that only workers of another release can decode.
var ErrVersion = reasoning.NewError(reasoning.KindInternal, "JOB_VERSION_UNSUPPORTED",
	"unsupported version of a job: upgrade the workers")

// version returns the lowest version that has every field which r uses, so that workers of
// earlier releases decode as many jobs as possible.
func version(r policy.Request) int32 {
	if len(r.Attempts) > 0 || r.Stop != "" {
		return versionAttempts
	}
	return versionFirst
}
