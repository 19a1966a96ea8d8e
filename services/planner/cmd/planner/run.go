package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultyrpc"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/profilekv"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/verifier/verifierrpc"
)

type config struct {
	NatsURL        string `name:"nats-url" default:"nats://127.0.0.1:4222" help:"NATS server with JetStream"`
	Model          string `name:"model" default:"pocket-0.3m" help:"name of the policy's model, whose workers' queue is used"`
	Partitions     int    `name:"partitions" default:"1" help:"partitions of the queue; all services and workers must agree"`
	VerifierAddr   string `name:"verifier-addr" default:"127.0.0.1:7702" help:"verifier service; empty: none, and only strategies that need none"`
	DifficultyAddr string `name:"difficulty-addr" default:"127.0.0.1:7703" help:"difficulty service; empty: difficulty is not estimated"`
	Memo           string `name:"memo" help:"file of recorded results, which are not asked for again; empty: in memory"`
	SoloBills      bool   `name:"solo-bills" help:"bill each search as if it ran alone: for ponder bench, not for bills to pay"`
	MaxTokens      int    `name:"max-tokens" default:"256" help:"most tokens of one sample, where requests do not say"`
	MaxActive      int    `name:"max-active" default:"256" help:"searches at a time; more are refused"`
	Profiles       string `name:"profiles" help:"files and directories of calibration profiles, separated by commas; changes are seen"`
	ProfilesBucket string `name:"profiles-bucket" default:"PROFILES" help:"JetStream key-value bucket of calibration profiles, which go before those of files; changes are seen; empty: none"`
	TraceFile      string `name:"trace-file" help:"file that spans are also written to"`
	Timeout        time.Duration
}

// run connects the planner to what it needs and serves it until ctx ends.
func run(ctx context.Context, s *serve.Settings, c config) (err error) {
	tel, err := telemetry.Setup(ctx, telemetry.Options{Service: "planner", TraceFile: c.TraceFile})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx))) }()
	nc, err := natsx.Connect(c.NatsURL, "planner")
	if err != nil {
		return err
	}
	defer nc.Close()
	queue := policyqueue.Config{Model: reasoning.Model{Name: c.Model}, Partitions: c.Partitions, Tracers: tel.Tracers}
	jobs, err := policyqueue.NewClient(nc, queue)
	if err != nil {
		return err
	}
	defer jobs.Close()
	monitor, err := policyqueue.NewMonitor(nc, queue)
	if err != nil {
		return err
	}
	maintainer, err := policyqueue.NewMaintainer(nc, queue)
	if err != nil {
		return err
	}
	config := planner.Config{
		Policy: jobs, Telemetry: tel.Instruments, Timeout: c.Timeout, MaxActive: c.MaxActive, CancelJobs: jobs.Cancel,
		Sampling: reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: c.MaxTokens}, Solo: c.SoloBills,
		Attended: func(ctx context.Context) (bool, error) {
			load, err := monitor.Load(ctx)
			return load.Running+load.Waiting > 0, err
		},
	}
	checks := []serve.Check{{Name: "queue on NATS at " + c.NatsURL, Do: maintainer.Ready}}
	if c.VerifierAddr != "" {
		conn, err := serve.Dial(c.VerifierAddr, tel.DialOption())
		if err != nil {
			return err
		}
		defer conn.Close()
		client := verifierrpc.NewClient(conn)
		defer client.Close()
		config.Verifier = client
		checks = append(checks, optional(serve.Answers("verifier", conn)))
	}
	if c.DifficultyAddr != "" {
		conn, err := serve.Dial(c.DifficultyAddr, tel.DialOption())
		if err != nil {
			return err
		}
		defer conn.Close()
		config.Difficulty = difficultyrpc.NewClient(conn)
		checks = append(checks, optional(serve.Answers("difficulty service", conn)))
	}
	if c.Memo != "" {
		store, err := backend.OpenFile(c.Memo)
		if err != nil {
			return err
		}
		defer store.Close()
		config.Store = store
	}
	shelf := &profile.Shelf{Changed: tellProfile}
	config.Profiles = shelf
	follow, err := followers(c, nc, shelf)
	if err != nil {
		return err
	}
	p := planner.New(config)
	defer p.Close()
	return serve.Run(ctx, s, serve.Service{
		Register: func(r grpc.ServiceRegistrar) { plannerrpc.Register(r, p) }, Background: append(follow, maintainer.Run),
		Checks: checks, Metrics: tel.Metrics, Options: []grpc.ServerOption{tel.ServerOption()},
	})
}

// profilesEvery is how often files of profiles are looked at.
const profilesEvery = 2 * time.Second

// followers keep a shelf of profiles as files and bucket are. A file that is no profile
// now is refused, as somebody just named it; one that becomes so later is told.
func followers(c config, nc *nats.Conn, shelf *profile.Shelf) (all []func(context.Context) error, err error) {
	report := func(err error) { slog.Warn("profile not followed", "error", err) }
	if c.Profiles != "" {
		files := &profile.Directory{Shelf: shelf, Paths: strings.Split(c.Profiles, ",")}
		if err := files.Look(); err != nil {
			return nil, err
		}
		all = append(all, func(ctx context.Context) error { files.Follow(ctx, profilesEvery, report); return nil })
	}
	if c.ProfilesBucket != "" {
		js, err := jetstream.New(nc)
		if err != nil {
			return nil, err
		}
		all = append(all, func(ctx context.Context) error {
			profilekv.Follow(ctx, js, c.ProfilesBucket, shelf, report)
			return nil
		})
	}
	return all, nil
}

// tellProfile says what plans follow from now on.
func tellProfile(place string, p *profile.Profile) {
	if p == nil {
		slog.Info("profile no longer followed", "place", place)
		return
	}
	slog.Info("profile followed", "place", place, "profile", p.Name)
}

// optional is a check of what searches go on without, and then say so.
func optional(c serve.Check) serve.Check {
	c.Optional = true
	return c
}
