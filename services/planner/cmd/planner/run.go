package main

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
)

type config struct {
	NatsURL        string `name:"nats-url" default:"nats://127.0.0.1:4222" env:"PONDER_NATS_URL" help:"NATS server with JetStream"`
	QueueReplicas  int    `name:"queue-replicas" default:"1" help:"copies of the queue, each on another server of a cluster of NATS servers; the same for all planners of one NATS"`
	Model          string `name:"model" default:"pocket-0.3m" help:"name of the policy's model, whose workers' queue is used"`
	VerifierAddr   string `name:"verifier-addr" default:"127.0.0.1:7702" help:"verifier service; empty: none, only strategies without scores"`
	DifficultyAddr string `name:"difficulty-addr" default:"127.0.0.1:7703" help:"difficulty service; empty: none, difficulty is not estimated"`
	Memo           string `name:"memo" help:"file of recorded results, which are reused instead of generated again; empty: in memory"`
	Journal        bool   `name:"journal" help:"keep searches in the stream SEARCHLOG on NATS, so that they outlive this planner; only one planner of a model may run with it"`
	JournalBytes   int64  `name:"journal-bytes" default:"1073741824" help:"most bytes of that stream; if it is full, new searches are refused; 0: no bound"`
	SoloBills      bool   `name:"solo-bills" help:"bill each search as if it ran alone: for ponder bench, not for real costs"`
	MaxTokens      int    `name:"max-tokens" default:"256" help:"most tokens of a child if a request sets no limit"`
	MaxActive      int    `name:"max-active" default:"256" help:"maximum number of concurrent searches; more are refused"`
	MetricsTenants int    `name:"metrics-tenants" default:"0" help:"number of tenants whose tokens are counted by name on /metrics, those that are seen first; others are counted together; 0: no tenant is named"`
	Profiles       string `name:"profiles" help:"files and directories of calibration profiles, separated by commas; changes are picked up"`
	ProfilesBucket string `name:"profiles-bucket" default:"PROFILES" help:"JetStream key-value bucket of calibration profiles, which take precedence over files; changes are picked up; empty: none"`
	Timeout        time.Duration
}

// build connects the planner to the queue, the verifier and the difficulty service.
func build(_ context.Context, d *serve.Dependencies, c config) (service serve.Service, err error) {
	nc, err := natsx.Connect(c.NatsURL, "planner")
	if err != nil {
		return service, err
	}
	d.OnClose(func() error { nc.Close(); return nil })
	d.Telemetry.Tenants = c.MetricsTenants
	queue := policyqueue.Config{Model: reasoning.Model{Name: c.Model}, Replicas: c.QueueReplicas, Tracers: d.Telemetry.Tracers, Telemetry: d.Telemetry.Instruments}
	jobs, err := policyqueue.NewClient(nc, queue)
	if err != nil {
		return service, err
	}
	d.OnClose(func() error { jobs.Close(); return nil })
	roster, err := policyqueue.NewRoster(nc, queue)
	if err != nil {
		return service, err
	}
	maintainer, err := policyqueue.NewMaintainer(nc, queue)
	if err != nil {
		return service, err
	}
	d.Check(serve.Check{Name: "queue on NATS at " + natsx.Redact(c.NatsURL), Do: maintainer.Ready, Need: serve.NeedAtStart})
	config := planner.Config{
		Policy: roster.Describe(jobs), Telemetry: d.Telemetry.Instruments, Timeout: c.Timeout, MaxActive: c.MaxActive, CancelJobs: jobs.Cancel,
		Sampling: reasoning.DefaultSampling(c.MaxTokens), Solo: c.SoloBills,
		Attended: roster.Available, Log: slog.Default(),
	}
	// A search is degraded, and does not fail, while the verifier or the difficulty service is down.
	if c.VerifierAddr == "" {
		service.Absent = append(service.Absent, "verifier")
	} else {
		conn, err := d.Dial("verifier", c.VerifierAddr, serve.NeedNever)
		if err != nil {
			return service, err
		}
		client := verifierrpc.NewClient(conn)
		d.OnClose(client.Close)
		config.Verifier = client
	}
	if c.DifficultyAddr == "" {
		service.Absent = append(service.Absent, "difficulty")
	} else {
		conn, err := d.Dial("difficulty service", c.DifficultyAddr, serve.NeedNever)
		if err != nil {
			return service, err
		}
		config.Difficulty = difficultyrpc.NewClient(conn)
	}
	if c.Memo != "" {
		store, err := backend.OpenFile(c.Memo)
		if err != nil {
			return service, err
		}
		d.OnClose(store.Close)
		config.Store = store
	}
	profileStore := &profile.Store{Changed: logProfile}
	config.Profiles = profileStore
	if service.Background, err = followers(d, c, nc, profileStore); err != nil {
		return service, err
	}
	service.Background = append(service.Background, maintainer.Run, roster.Run)
	if c.Journal {
		if config.Journal, err = openJournal(d, c, nc); err != nil {
			return service, err
		}
	}
	p := planner.New(config)
	d.OnClose(func() error { p.Close(); return nil })
	d.Check(serve.Check{Name: "searches of the journal", Do: p.Resumed, Need: serve.NeedAtStart})
	service.Background = append(service.Background, func(ctx context.Context) error { resume(ctx, p); return nil })
	service.Register = func(r grpc.ServiceRegistrar) { plannerrpc.Register(r, p) }
	return service, nil
}
