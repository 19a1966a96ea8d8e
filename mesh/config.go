package mesh

import (
	"context"
	"log/slog"

	"github.com/nats-io/nats.go"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Config describes a mesh. Only Policy is required.
type Config struct {
	Policy    policy.Policy           // the engine; the caller closes it
	Provider  func() string           // of the policy's model, for traces: "pocket", "vllm" …; nil: "unknown"
	Verifier  verifier.Verifier       // the reward model; nil: none
	Telemetry *telemetry.Providers    // nil: none
	Store     backend.Store           // of recorded results; nil: in memory
	State     string                  // directory in which searches outlive the mesh; "": they are in memory
	Solo      bool                    // bill each search and estimate as if it ran alone: see backend.Solo
	Profiles  planner.Profiles        // of pairs of models; nil: none
	Prompt    *difficulty.PromptModel // estimates difficulty from texts; nil: none
	Sampling  reasoning.Sampling      // of requests that set none; zero: reasoning.DefaultSampling(256)
	Slots     int                     // sequences that a worker generates at a time; 0 is 64
	Workers   int                     // 0 is 1, negative is none
	Queue     policyqueue.Config      // its Model is set from Policy, its Tracers and Telemetry from Telemetry
	Listen    Addresses               // addresses to listen on besides memory

	Log *slog.Logger // of searches that are accepted and end; nil: none

	PolicyChecks, VerifierChecks []serve.Check               // readiness checks of the models' servers
	PolicyReady                  func(context.Context) error // of workers: see policyqueue.WorkerConfig; nil: always ready

	// Connect connects to NATS. If it is nil, the mesh starts a server in this process.
	Connect func(name string) (*nats.Conn, error)
}

// Addresses holds the addresses of the services. A service with an empty address listens
// in memory only.
type Addresses struct{ Planner, Policy, Verifier, Difficulty string }

// withDefaults returns c with defaults for the fields that are not set.
func (c Config) withDefaults() Config {
	if c.Telemetry == nil {
		c.Telemetry = &telemetry.Providers{
			Tracers:    tracenoop.NewTracerProvider(),
			Meters:     metricnoop.NewMeterProvider(),
			Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		}
	}
	if c.Store == nil {
		c.Store = backend.NewMemory(64 << 20)
	}
	if c.Sampling == (reasoning.Sampling{}) {
		c.Sampling = reasoning.DefaultSampling(256)
	}
	if c.Provider == nil {
		c.Provider = func() string { return "unknown" }
	}
	if c.Slots == 0 {
		c.Slots = 64
	}
	if c.Workers == 0 {
		c.Workers = 1
	}
	return c
}
