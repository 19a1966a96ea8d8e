package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/profile"
)

type devCmd struct {
	modelFlags  `embed:""`
	addresses   `embed:""`
	MetricsAddr string        `help:"Address of /metrics, /readyz and /livez." default:"127.0.0.1:7790" env:"PONDER_PLANNER_METRICS_ADDR"`
	PprofAddr   string        `help:"Loopback address to serve profiles at /debug/pprof/ on; empty: none." env:"PONDER_PLANNER_PPROF_ADDR" placeholder:"ADDR"`
	LogLevel    string        `help:"Least level of the log: debug, info, warn or error. At info there is a record when a search is accepted and one when it ends." enum:"debug,info,warn,error" default:"info" env:"PONDER_PLANNER_LOG_LEVEL" placeholder:"LEVEL"`
	LameDuck    time.Duration `help:"How long the mesh still accepts requests after it has become not ready, so that balancers see this before it stops." default:"0s" env:"PONDER_PLANNER_LAME_DUCK"`
	TraceFile   string        `help:"Also write spans to this file." env:"PONDER_PLANNER_TRACE_FILE" placeholder:"FILE" type:"path"`
	Profile     []string      `help:"Files or directories of calibration profiles for planning; changed files are read again." env:"PONDER_PLANNER_PROFILES" aliases:"profiles" placeholder:"FILE"`
	Memo        string        `help:"File of recorded results, which are reused instead of generated again." env:"PONDER_PLANNER_MEMO" placeholder:"FILE" type:"path"`
	State       string        `help:"Directory in which searches outlive the mesh: a mesh that starts with it again continues them. Empty: searches are in memory." placeholder:"DIR" type:"path"`
	SoloBills   bool          `help:"Bill each search as if it ran alone: for ponder bench --addr, not for real costs." env:"PONDER_PLANNER_SOLO_BILLS"`
	MaxTokens   int           `help:"Maximum tokens of a child (a step or a whole sample) if a request sets none; 0: 256 for a pocket model, 2048 for others." default:"0" env:"PONDER_PLANNER_MAX_TOKENS"`

	MetricsTenants int `help:"Number of tenants whose tokens are counted by name on /metrics, those that are seen first; others are counted together; 0: no tenant is named." default:"0" env:"PONDER_PLANNER_METRICS_TENANTS"`
}

// Run runs the mesh until ctx ends.
func (c *devCmd) Run(ctx context.Context, out *output) (err error) {
	if err := c.move(&c.MetricsAddr); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return usageError{fmt.Errorf("--log-level: %w", err)}
	}
	slog.SetDefault(newLog(level))
	if c.SoloBills && c.State != "" {
		return usageError{reasoning.Invalid("--state", "has no effect beside --solo-bills, as a bench keeps no searches: remove one of them")}
	}
	stopPprof, err := serve.StartPprof(c.PprofAddr)
	if err != nil {
		return fmt.Errorf("--pprof-addr %q: %w", c.PprofAddr, err)
	}
	defer func() { err = errors.Join(err, stopPprof()) }()
	models, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.close()) }()
	tel, err := telemetry.Setup(ctx, telemetry.Options{
		Service: "ponder-dev", Version: serve.Version(), Revision: serve.Revision(), TraceFile: c.TraceFile,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx))) }()
	tel.Tenants = c.MetricsTenants
	config := mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.verifierOrNil(),
		Telemetry: tel, Slots: c.Policy.Slots,
		Sampling: reasoning.DefaultSampling(c.maxTokens(c.MaxTokens)), Solo: c.SoloBills, State: c.State,
		Log: slog.Default(),
		Listen: mesh.Addresses{
			Planner: c.PlannerAddr, Policy: c.PolicyAddr, Verifier: c.VerifierAddr, Difficulty: c.DifficultyAddr,
		},
	}
	if c.Policy.URL != "" {
		config.PolicyChecks = []serve.Check{{Name: "policy engine at " + c.Policy.URL, Do: models.policy.Ready}}
		config.PolicyReady = models.policy.Ready
	}
	if c.Verifier.URL != "" {
		config.VerifierChecks = []serve.Check{{Name: "reward model at " + c.Verifier.URL, Do: models.verifier.Ready}}
	}
	if c.Memo != "" {
		store, err := backend.OpenFile(c.Memo)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		config.Store = store
	}
	profiles := &profile.Files{Store: &profile.Store{}, Paths: c.Profile}
	if err := profiles.Refresh(); err != nil {
		return err
	}
	config.Profiles = profiles.Store
	go profiles.Follow(ctx, 2*time.Second, func(err error) { say("profile not loaded: %v", err) })
	metrics, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		return busy(fmt.Errorf("metrics: %w", err))
	}
	m, err := mesh.Start(ctx, config)
	if err != nil {
		return errors.Join(busy(err), metrics.Close())
	}
	operations := serve.StartOperations(metrics, tel.Metrics, m.Checks()...)
	if err = c.greet(out, models); err == nil {
		select {
		case <-ctx.Done():
			say("\nstopping")
			operations.Drain()
			time.Sleep(c.LameDuck)
		case <-operations.Done(): // failed; Close returns why
		}
	}
	return errors.Join(err, m.Close(), operations.Close())
}

// busy adds the remedy to the error of an address that is in use.
func busy(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w (perhaps by another ponder dev: ponder doctor shows it, and ponder solve can use it; for a second one, "+
			"choose other ports: --port 27700, or --planner-addr and the other addresses)", err)
	}
	return err
}

// greet prints the addresses, the models and an example of the next command.
func (c *devCmd) greet(out *output, models openModels) error {
	model, err := models.policy.Model(context.Background())
	if err != nil {
		return err
	}
	rewardModel := "none: strategies that need a verifier are refused"
	if models.verifier != nil {
		m, err := models.verifier.RewardModel(context.Background())
		if err != nil {
			return err
		}
		rewardModel = m.Name
	}
	flag := ""
	if c.PlannerAddr != "127.0.0.1:7700" {
		flag = " --planner-addr " + c.PlannerAddr
	}
	err = out.row(map[string]string{
		"planner": c.PlannerAddr, "policy": c.PolicyAddr, "verifier": c.VerifierAddr, "difficulty": c.DifficultyAddr,
		"metrics": "http://" + c.MetricsAddr + "/metrics", "policy_model": model.Name, "verifier_model": rewardModel,
	}, `planner     %s
policy      %s  %s
verifier    %s  %s
difficulty  %s
metrics     http://%s/metrics

Try, in another terminal:
  ponder solve%s --effort high %q`, c.PlannerAddr, c.PolicyAddr, model.Name, c.VerifierAddr, rewardModel,
		c.DifficultyAddr, c.MetricsAddr, flag, exampleProblem)
	if c.Policy.URL == "" {
		err = errors.Join(err, out.line("(Pocket models know word problems such as this one only; with your own model: --policy-url)"))
	}
	return err
}
