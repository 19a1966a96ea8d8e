// Package mesh runs all four services in one process, as they run as pods: the
// same gRPC stubs and servers, over memory instead of the network; the same queue,
// on an embedded NATS server. There is no second code path for demos and tests.
// This and the services' mains are the places that know which bodies are stacked
// on which, and in what order.
package mesh

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultytrace"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyrpc"
	"github.com/ponder-mesh/ponder/services/policy/policytrace"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertrace"
)

// Config is what a mesh is made of. Only Policy is needed.
type Config struct {
	Policy    policy.Policy           // the engine; it stays the caller's to close
	Provider  string                  // who runs it, in traces: "pocket", "vllm" …
	Verifier  verifier.Verifier       // the reward model; nil: none
	Telemetry *telemetry.Providers    // nil: none
	Store     backend.Store           // of recorded results; nil: in memory
	Solo      bool                    // bill each search, and estimate, as if it ran alone: see backend.Solo
	Profiles  planner.Profiles        // of models that were measured; nil: none
	Prompt    *difficulty.PromptModel // estimates difficulty from texts; nil: nothing does
	Sampling  reasoning.Sampling      // default of all requests
	Slots     int                     // sequences that the policy writes at a time; 0 is 64
	Workers   int                     // that pull jobs, each with Slots; 0 is 1, negative none
	Queue     policyqueue.Config      // its Model is the policy's
	Listen    Addresses               // where services listen beside memory

	PolicyChecks, VerifierChecks []serve.Check // of what the models depend on

	// Connect connects to NATS; nil is a server in this process.
	Connect func(name string) (*nats.Conn, error)
}

// Addresses of the services; empty does not listen.
type Addresses struct{ Planner, Policy, Verifier, Difficulty string }

// A Mesh is four services. Close stops them.
type Mesh struct {
	Planner     planner.Solver
	PlannerConn *grpc.ClientConn // that Planner uses
	Difficulty  difficulty.Estimator
	Nats        *nats.Conn // for what else needs the queue

	monitor *policyqueue.Monitor
	stop    []func() error // in the order of starting
}

// Start starts a mesh and waits until its planner is ready. What it returns with an error
// is stopped.
func Start(ctx context.Context, c Config) (_ *Mesh, err error) {
	m := &Mesh{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	if c.Telemetry == nil {
		c.Telemetry = &telemetry.Providers{
			Tracers: tracenoop.NewTracerProvider(), Meters: metricnoop.NewMeterProvider(), Propagator: propagation.TraceContext{},
		}
	}
	if c.Sampling == (reasoning.Sampling{}) {
		c.Sampling = reasoning.DefaultSampling(256)
	}
	if c.Slots == 0 {
		c.Slots = 64
	}
	if c.Workers == 0 {
		c.Workers = 1
	}
	if c.Queue.Model, err = c.Policy.Model(ctx); err != nil {
		return nil, fmt.Errorf("get policy model: %w", err)
	}
	c.Queue.Tracers = c.Telemetry.Tracers
	if err := m.startQueue(ctx, &c); err != nil {
		return nil, err
	}
	engine := policytrace.New(c.Policy, c.Provider, c.Telemetry.Instruments)
	if err := m.startPolicy(c, engine); err != nil {
		return nil, err
	}
	judge, err := m.startVerifier(c)
	if err != nil {
		return nil, err
	}
	if c.Store == nil {
		c.Store = backend.NewMemory(64 << 20)
	}
	if err := m.startDifficulty(ctx, c, judge); err != nil {
		return nil, err
	}
	if err := m.startPlanner(c, judge); err != nil {
		return m, err
	}
	return m, serve.WaitReady(ctx, m.PlannerConn)
}

// Close stops all that was started, last first.
func (m *Mesh) Close() error {
	var errs []error
	for i := len(m.stop) - 1; i >= 0; i-- {
		errs = append(errs, m.stop[i]())
	}
	m.stop = nil
	return errors.Join(errs...)
}

func (m *Mesh) atClose(f func() error) { m.stop = append(m.stop, f) }

func (m *Mesh) startQueue(ctx context.Context, c *Config) error {
	if c.Connect == nil {
		server, err := natsd.Start(natsd.Config{})
		if err != nil {
			return err
		}
		m.atClose(server.Close)
		c.Connect = func(name string) (*nats.Conn, error) { return server.Connect(name) }
	}
	var err error
	if m.Nats, err = m.connect(*c, "mesh"); err != nil {
		return err
	}
	js, err := jetstream.New(m.Nats)
	if err != nil {
		return fmt.Errorf("JetStream: %w", err)
	}
	if m.monitor, err = policyqueue.NewMonitor(m.Nats, c.Queue); err != nil {
		return err
	}
	return policyqueue.Setup(ctx, js, c.Queue)
}

// checks of what all services that use the queue depend on.
func (m *Mesh) checks() []serve.Check {
	return []serve.Check{{Name: "queue on NATS", Do: m.monitor.Ready}}
}

func (m *Mesh) connect(c Config, name string) (*nats.Conn, error) {
	nc, err := c.Connect(name)
	if err != nil {
		return nil, err
	}
	m.atClose(func() error { nc.Close(); return nil })
	return nc, nil
}

// queue is a client of the queue.
func (m *Mesh) queue(c Config, name string) (*policyqueue.Client, error) {
	nc, err := m.connect(c, name)
	if err != nil {
		return nil, err
	}
	client, err := policyqueue.NewClient(nc, c.Queue)
	if err != nil {
		return nil, err
	}
	m.atClose(func() error { client.Close(); return nil })
	return client, nil
}

// startPolicy serves the engine by gRPC and lets workers pull its jobs.
func (m *Mesh) startPolicy(c Config, engine policy.Policy) error {
	_, err := m.serve(c, "policy", c.Listen.Policy, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { policyrpc.Register(s, engine, c.Sampling) },
		Checks:   append(m.checks(), c.PolicyChecks...),
	})
	if err != nil {
		return err
	}
	for i := range max(0, c.Workers) {
		if err := m.startWorker(c, engine, i); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mesh) startWorker(c Config, engine policy.Policy, index int) error {
	name := fmt.Sprintf("policy-%d", index)
	nc, err := m.connect(c, name)
	if err != nil {
		return err
	}
	worker, err := policyqueue.NewWorker(nc, engine, c.Queue, policyqueue.WorkerConfig{Name: name, Slots: c.Slots})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	m.atClose(func() error { cancel(); return <-ended })
	return nil
}

func (m *Mesh) startVerifier(c Config) (verifier.Verifier, error) {
	if c.Verifier == nil {
		return nil, nil
	}
	judge := verifiertrace.New(c.Verifier, c.Telemetry.Instruments)
	conn, err := m.serve(c, "verifier", c.Listen.Verifier, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { verifierrpc.Register(s, judge) }, Checks: c.VerifierChecks,
	})
	if err != nil {
		return nil, err
	}
	client := verifierrpc.NewClient(conn)
	m.atClose(client.Close)
	return client, nil
}

func (m *Mesh) startDifficulty(ctx context.Context, c Config, judge verifier.Verifier) error {
	samples, err := m.queue(c, "difficulty")
	if err != nil {
		return err
	}
	var estimators difficulty.Estimator = difficulty.All(samples, judge, c.Prompt)
	if c.Solo {
		if estimators, err = soloEstimators(ctx, samples, judge, c); err != nil {
			return err
		}
	}
	traced := difficultytrace.New(estimators, c.Telemetry.Instruments)
	conn, err := m.serve(c, "difficulty", c.Listen.Difficulty, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { difficultyrpc.Register(s, traced, c.Sampling) }, Checks: m.checks(),
	})
	if err != nil {
		return err
	}
	m.Difficulty = difficultyrpc.NewClient(conn)
	return nil
}

func (m *Mesh) startPlanner(c Config, judge verifier.Verifier) error {
	jobs, err := m.queue(c, "planner")
	if err != nil {
		return err
	}
	roster, err := policyqueue.NewRoster(m.Nats, c.Queue)
	if err != nil {
		return err
	}
	p := planner.New(planner.Config{
		Policy: jobs, Verifier: judge, Difficulty: m.Difficulty, Profiles: c.Profiles, Store: c.Store, Solo: c.Solo, Telemetry: c.Telemetry.Instruments, Sampling: c.Sampling,
		CancelJobs: jobs.Cancel,
		Attended:   roster.Available,
	})
	maintainer, err := policyqueue.NewMaintainer(m.Nats, c.Queue)
	if err != nil {
		return err
	}
	m.PlannerConn, err = m.serve(c, "planner", c.Listen.Planner, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { plannerrpc.Register(s, p) }, Checks: m.checks(),
		Background: []func(context.Context) error{
			maintainer.Run, roster.Run,
			func(ctx context.Context) error { <-ctx.Done(); p.Close(); return nil },
		},
	})
	if err != nil {
		return err
	}
	m.Planner = plannerrpc.NewClient(m.PlannerConn)
	return nil
}
