package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/calibrate"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	verifierengine "github.com/ponder-mesh/ponder/services/verifier/engine"
)

type calibrateCmd struct {
	Out        string   `help:"Directory for results, samples and profile.json; searches with a result are not repeated." required:"" placeholder:"DIR" type:"path"`
	Store      string   `help:"File of samples and scores; empty: in the directory. Calibrations may share it, but not at the same time." placeholder:"FILE" type:"path"`
	Name       string   `help:"Name of the profile; empty: the names of the models." placeholder:"NAME"`
	Arms       []string `help:"Strategies to choose from." default:"majority,best-of-n,beam,dvts,rebase"`
	Budgets    []int    `help:"Budgets, in whole samples; every strategy runs with each." default:"1,4,16,64,256"`
	Bins       string   `help:"Difficulty bins: quantiles-N, or absolute (pass rate: easy ≥ 0.5, medium ≥ 0.1, hard below)." default:"quantiles-5"`
	Oracle     int      `help:"Samples per problem of the oracle with which estimates are compared; 0: estimates are not compared." default:"64"`
	Latency    int      `help:"Problems, one at a time, on which the time of each chosen strategy is measured; 0: times are not measured." default:"5"`
	benchFlags `embed:""`
}

// Run runs the tasks that have no result, writes the profile and prints its choices.
func (c *calibrateCmd) Run(ctx context.Context, out *output, line *kong.Context) error {
	o := calibrate.Options{Budgets: c.Budgets, Bins: c.Bins, Seed: 1}
	if err := c.check(o); err != nil {
		return err
	}
	arms, err := c.arms()
	if err != nil {
		return err
	}
	name, set, err := c.load()
	if err != nil {
		return err
	}
	if len(set) < calibrate.MinProblems {
		return reasoning.Invalid("problems", "must be %d or more, are %d: each bin is split in half, and halves would be empty",
			calibrate.MinProblems, len(set))
	}
	tasks, err := bench.Tasks(set, arms, c.Seeds)
	if err != nil {
		return err
	}
	header := c.header(name, set)
	header.Command = line.Args
	results, err := c.record(ctx, &header, arms, tasks)
	if ctx.Err() != nil {
		say("%s has %d results; to resume, run the same command", c.Out, len(results))
		return errInterrupted
	}
	if err != nil {
		return err
	}
	p, err := c.fit(ctx, o, header, set, results, line.Args)
	if err != nil {
		return err
	}
	data, err := p.Marshal()
	if err != nil {
		return err
	}
	path := filepath.Join(c.Out, "profile.json")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	say("wrote %s: planners started with --profile follow it", path)
	return printProfile(out, p)
}

func (c *calibrateCmd) check(o calibrate.Options) error {
	if err := c.validate(); err != nil {
		return err
	}
	switch {
	case c.Oracle < 0 || c.Oracle > difficulty.MaxSamples:
		return reasoning.Invalid("--oracle", "must be 0 to %d, is %d", difficulty.MaxSamples, c.Oracle)
	case c.Latency < 0:
		return reasoning.Invalid("--latency", "must not be negative, is %d", c.Latency)
	}
	return o.Validate()
}

// arms returns greedy once and every strategy with every budget, each again after an estimate,
// and the methods of estimating if they are compared. Except for greedy, no arm has an estimate
// of more samples than its budget.
func (c *calibrateCmd) arms() ([]bench.Arm, error) {
	all, err := bench.Arms(append([]string{"greedy"}, c.Arms...), c.Budgets)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Kind != bench.KindSearch || a.HasChoice {
			return nil, reasoning.Invalid("--arms", "must be strategies, are %v", c.Arms)
		}
	}
	for _, a := range slices.Clone(all) {
		if a.Greedy() || a.N >= difficulty.DefaultSamples {
			all = append(all, a.Estimated())
		}
	}
	if c.Oracle > 0 {
		all = append(all, bench.Arm{Kind: bench.KindDifficulty, Method: difficulty.MethodOracle, N: c.Oracle})
		if c.hasVerifier() {
			for _, n := range []int{difficulty.DefaultSamples, difficulty.PredictedSamples} {
				all = append(all, bench.Arm{Kind: bench.KindDifficulty, Method: difficulty.MethodPredicted, N: n})
			}
		}
	}
	return all, nil
}

// record runs the tasks that have no result, and returns all results.
func (c *calibrateCmd) record(ctx context.Context, h *bench.Header, arms []bench.Arm,
	tasks [][]bench.Task) (results []bench.Result, err error) {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return nil, err
	}
	store, closeStore, err := openStore(cmp.Or(c.Store, filepath.Join(c.Out, "samples.store")))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	services, err := c.start(ctx, store, nil, h)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, services.close()) }()
	return record(ctx, c.runner(services, *h), filepath.Join(c.Out, "results.jsonl"), *h, arms, tasks)
}

// fit returns the profile of the results and, if latency is measured, the times of the
// strategies that the profile chooses.
func (c *calibrateCmd) fit(ctx context.Context, o calibrate.Options, h bench.Header, set []problemset.Problem,
	results []bench.Result, args []string) (*profile.Profile, error) {
	m := bench.NewMatrix(h, results, bench.ByID)
	grid, err := calibrate.NewGrid(m)
	if err != nil {
		return nil, err
	}
	p, err := grid.Fit(o)
	if err != nil {
		return nil, err
	}
	calibrate.Describe(p, h)
	p.Command = "ponder " + strings.Join(args, " ")
	if c.Name != "" {
		p.Name = c.Name
	}
	texts := map[string]string{}
	for _, problem := range set {
		texts[problem.ID] = problem.Text
	}
	if p.Estimators, p.Prompt, err = calibrate.Estimators(m, texts); err != nil {
		return nil, err
	}
	if c.Latency > 0 {
		if err := c.time(ctx, p, h, set); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// time measures the duration of searches by the chosen strategies on some problems, one search at a time, on
// a mesh without a store. It does not repeat searches whose durations are in the directory.
func (c *calibrateCmd) time(ctx context.Context, p *profile.Profile, h bench.Header,
	set []problemset.Problem) (err error) {
	var arms []bench.Arm
	for _, a := range calibrate.ChosenArms(p) {
		arm, err := bench.ParseArm(a.Strategy, a.N)
		if err != nil {
			return err
		}
		arms = append(arms, arm)
	}
	some := calibrate.Spread(set, c.Latency)
	tasks, err := bench.Tasks(some, arms, c.Seeds[:1])
	if err != nil {
		return err
	}
	alone := *c
	alone.Concurrent = 1
	services, err := alone.start(ctx, emptyStore{}, nil, &bench.Header{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.close()) }()
	h.Problems = bench.ProblemsOf(h.Problems.Set, some)
	results, err := record(ctx, alone.runner(services, h), filepath.Join(c.Out, "latency.jsonl"), h, arms, tasks)
	if err != nil {
		return err
	}
	calibrate.SetSeconds(p, bench.NewMatrix(h, results, bench.ByID))
	return nil
}

// hasVerifier reports whether searches have a verifier.
func (c *calibrateCmd) hasVerifier() bool {
	return c.Verifier.Pocket != verifierengine.None && (c.Policy.URL == "" || c.Verifier.URL != "" ||
		c.Verifier.Pocket != "")
}
