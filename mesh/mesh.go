// Package mesh runs all four services in one process.
//
// They run as they do in pods: with the same gRPC stubs and servers, over memory instead of
// the network, and with the same queue, on an embedded NATS server. Demos, benches and
// tests therefore run production code. Only this package and the services' mains choose the
// implementations.
package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultytrace"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/journal/journalstream"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyrpc"
	"github.com/ponder-mesh/ponder/services/policy/policytrace"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertrace"
)

// A Mesh holds the running services; without Config.Verifier there is no verifier. Close stops them.
type Mesh struct {
	Planner     planner.Solver
	PlannerConn *grpc.ClientConn // the connection of Planner
	Difficulty  difficulty.Estimator
	Nats        *nats.Conn // to the server of the queue, for other uses

	monitor *policyqueue.Monitor
	roster  *policyqueue.Roster
	ready   []serve.Check  // one for each service
	stop    []func() error // one for each part, in the order of starting
}

// Start starts a mesh and waits until its planner is ready. If it returns an error, all
// parts are stopped.
func Start(ctx context.Context, c Config) (_ *Mesh, err error) {
	m := &Mesh{}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	c = c.withDefaults()
	model, err := c.Policy.Model(ctx)
	if err != nil {
		return nil, fmt.Errorf("get policy model: %w", err)
	}
	c.Queue.Model = model.Model
	c.Queue.Tracers, c.Queue.Telemetry = c.Telemetry.Tracers, c.Telemetry.Instruments
	if err := m.startQueue(ctx, &c); err != nil {
		return nil, err
	}
	engine := policytrace.New(c.Policy, c.Provider, c.Telemetry.Instruments)
	if err := m.startPolicy(c, engine); err != nil {
		return nil, err
	}
	scorer, err := m.startVerifier(c)
	if err != nil {
		return nil, err
	}
	if err := m.startDifficulty(ctx, c, scorer); err != nil {
		return nil, err
	}
	if err := m.startPlanner(ctx, c, scorer); err != nil {
		return m, err
	}
	return m, serve.WaitReady(ctx, m.PlannerConn)
}

// Checks returns a readiness check of each service. The planner must be ready always, the other
// services only at the start, because searches continue without them, degraded.
func (m *Mesh) Checks() []serve.Check { return slices.Clone(m.ready) }

// Close stops the parts in the reverse order of their starting.
func (m *Mesh) Close() error {
	var errs []error
	for i := len(m.stop) - 1; i >= 0; i-- {
		errs = append(errs, m.stop[i]())
	}
	m.stop = nil
	return errors.Join(errs...)
}

// atClose makes Close call f.
func (m *Mesh) atClose(f func() error) { m.stop = append(m.stop, f) }

// startQueue connects to NATS and creates the queue. Without c.Connect it starts a server and
// sets c.Connect.
func (m *Mesh) startQueue(ctx context.Context, c *Config) error {
	if c.Connect == nil {
		server, err := natsd.Start(natsd.Config{Dir: c.State, Sync: c.State != ""})
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
		return fmt.Errorf("open JetStream: %w", err)
	}
	if m.monitor, err = policyqueue.NewMonitor(m.Nats, c.Queue); err != nil {
		return err
	}
	if m.roster, err = policyqueue.NewRoster(m.Nats, c.Queue); err != nil { // before workers announce themselves
		return err
	}
	return policyqueue.Setup(ctx, js, c.Queue)
}

// checks returns the readiness checks of the services that use the queue.
func (m *Mesh) checks() []serve.Check {
	return []serve.Check{{Name: "queue on NATS", Do: m.monitor.Ready, Need: serve.NeedAtStart}}
}

// connect returns a connection to NATS that is closed with the mesh.
func (m *Mesh) connect(c Config, name string) (*nats.Conn, error) {
	nc, err := c.Connect(name)
	if err != nil {
		return nil, err
	}
	m.atClose(func() error { nc.Close(); return nil })
	return nc, nil
}

// queueClient returns a client of the queue, with its own connection.
func (m *Mesh) queueClient(c Config, name string) (*policyqueue.Client, error) {
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

// startPolicy serves the engine over gRPC and starts the workers that run jobs on it.
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

// startWorker starts one worker.
func (m *Mesh) startWorker(c Config, engine policy.Policy, index int) error {
	name := fmt.Sprintf("policy-%d", index)
	nc, err := m.connect(c, name)
	if err != nil {
		return err
	}
	worker, err := policyqueue.NewWorker(nc, engine, c.Queue, policyqueue.WorkerConfig{Name: name, Slots: c.Slots, Ready: c.PolicyReady})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	m.atClose(func() error { cancel(); return <-ended })
	return nil
}

// startVerifier serves the reward model and returns a client of it, or nil if there is none.
func (m *Mesh) startVerifier(c Config) (verifier.Verifier, error) {
	if c.Verifier == nil {
		return nil, nil
	}
	traced := verifiertrace.New(c.Verifier, c.Telemetry.Instruments)
	conn, err := m.serve(c, "verifier", c.Listen.Verifier, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { verifierrpc.Register(s, traced) }, Checks: c.VerifierChecks,
	})
	if err != nil {
		return nil, err
	}
	client := verifierrpc.NewClient(conn)
	m.atClose(client.Close)
	return client, nil
}

// startDifficulty serves the estimators.
func (m *Mesh) startDifficulty(ctx context.Context, c Config, scorer verifier.Verifier) error {
	samples, err := m.queueClient(c, "difficulty")
	if err != nil {
		return err
	}
	var estimators difficulty.Estimator = difficulty.All(samples, scorer, c.Prompt)
	if c.Solo {
		if estimators, err = soloEstimators(ctx, samples, scorer, c); err != nil {
			return err
		}
	}
	traced := difficultytrace.New(estimators, c.Queue.Model.Name, c.Telemetry.Instruments)
	conn, err := m.serve(c, "difficulty", c.Listen.Difficulty, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { difficultyrpc.Register(s, traced, c.Sampling) }, Checks: m.checks(),
	})
	if err != nil {
		return err
	}
	m.Difficulty = difficultyrpc.NewClient(conn)
	return nil
}

// startPlanner serves the planner, which also maintains the queue.
func (m *Mesh) startPlanner(ctx context.Context, c Config, scorer verifier.Verifier) error {
	jobs, err := m.queueClient(c, "planner")
	if err != nil {
		return err
	}
	config := planner.Config{
		Policy: m.roster.Describe(jobs), Verifier: scorer, Difficulty: m.Difficulty, Profiles: c.Profiles,
		Store: c.Store, Solo: c.Solo, Telemetry: c.Telemetry.Instruments, Sampling: c.Sampling,
		CancelJobs: jobs.Cancel, Attended: m.roster.Available, Log: c.Log,
	}
	if c.State != "" {
		js, err := jetstream.New(m.Nats)
		if err != nil {
			return fmt.Errorf("open JetStream: %w", err)
		}
		config.Journal = journalstream.New(js, journalstream.Config{Writer: "mesh"})
	}
	p := planner.New(config)
	if err := p.Resume(ctx); err != nil {
		p.Close()
		return err
	}
	maintainer, err := policyqueue.NewMaintainer(m.Nats, c.Queue)
	if err != nil {
		return err
	}
	var absent []string
	if c.Verifier == nil {
		absent = []string{"verifier"}
	}
	m.PlannerConn, err = m.serve(c, "planner", c.Listen.Planner, serve.Service{
		Register: func(s grpc.ServiceRegistrar) { plannerrpc.Register(s, p) }, Checks: m.checks(), Absent: absent,
		Background: []func(context.Context) error{
			maintainer.Run, m.roster.Run,
			func(ctx context.Context) error { <-ctx.Done(); p.Close(); return nil },
		},
	})
	if err != nil {
		return err
	}
	m.Planner = plannerrpc.NewClient(m.PlannerConn)
	return nil
}
