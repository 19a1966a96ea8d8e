package planner

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Config holds the dependencies and settings of a Planner. Only Policy is required.
type Config struct {
	Policy     policy.Policy
	Verifier   verifier.Verifier      // nil: only strategies and choices that need none
	Difficulty difficulty.Estimator   // nil: difficulty is not estimated
	Profiles   Profiles               // nil: none
	Store      backend.Store          // of recorded results; nil: 64 MiB of memory
	Journal    journal.Journal        // of searches that outlive the Planner; nil: none does, nor any with NoStore; ignored with Solo
	Solo       bool                   // bill each search as if it ran alone: see backend.Solo
	Telemetry  *telemetry.Instruments // nil: none
	Log        *slog.Logger           // of searches that are accepted and end; nil: none

	// Attended reports whether any worker pulls the policy's jobs. It does not block. It is
	// nil if there is no queue.
	Attended func() bool
	// CancelJobs stops all jobs of a search, queued and running. It is nil if there is no
	// queue.
	CancelJobs func(ctx context.Context, search string) error

	Sampling  reasoning.Sampling // of requests that set none; a TopP of 0 is 1, a MaxTokens of 0 is 2048
	Timeout   time.Duration      // of a search whose request has no deadline; 0 is 10 minutes
	MaxActive int                // maximum number of live searches, above which Create refuses; 0 is 256
	MaxKept   int                // maximum number of ended searches that are kept; 0 is 1000
	// VerifierTimeout is how long a search waits for the verifier's model before it continues
	// without a verifier; 0 is 500 ms.
	VerifierTimeout time.Duration
}

// Profiles finds the calibration profile of models. A *profile.Store implements it.
type Profiles interface {
	// For returns the profile of a policy and a reward model; rewardModel is nil if there is no
	// verifier. It returns nil if no profile matches the models.
	For(policy reasoning.Model, rewardModel *verifier.RewardModel) *profile.Profile
}

// withDefaults returns c with its zero values replaced by defaults.
func (c Config) withDefaults() Config {
	c.Sampling.TopP = cmp.Or(c.Sampling.TopP, 1)
	c.Sampling.MaxTokens = cmp.Or(c.Sampling.MaxTokens, 2048)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Minute)
	c.MaxActive = cmp.Or(c.MaxActive, 256)
	c.MaxKept = cmp.Or(c.MaxKept, 1000)
	c.VerifierTimeout = cmp.Or(c.VerifierTimeout, 500*time.Millisecond)
	if c.Solo {
		c.Journal = nil
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Store == nil {
		c.Store = backend.NewMemory(64 << 20)
	}
	return c
}
