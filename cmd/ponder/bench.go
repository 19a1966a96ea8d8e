package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/ponder-mesh/ponder/eval"
	"github.com/ponder-mesh/ponder/internal/bench"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/world"
)

type benchCmd struct {
	Run benchRunCmd `cmd:"" help:"Do what is not in the file of results yet."`
}

type benchRunCmd struct {
	Out         string `help:"File of results, a line of JSON each; what is in it is not done again." required:"" placeholder:"FILE" type:"path"`
	Store       string `help:"File of samples and scores, shared by all strategies; what is in it is not asked for again." placeholder:"FILE" type:"path"`
	problemSet  `embed:""`
	Arms        []string      `help:"Strategies." default:"greedy,majority,best-of-n,beam"`
	N           []int         `help:"Numbers of samples." default:"4,16"`
	Seeds       []uint64      `help:"Roots of chance; each arm runs once with each." default:"1"`
	Temperature float64       `help:"Sampling temperature in [0,2]." default:"0.8"`
	MaxTokens   int           `help:"Most tokens of one sample; 0 is 256 for pocket models, 2048 for a server's." default:"0"`
	Concurrent  int           `help:"Problems at a time; 0 is two for each processor." default:"0"`
	Timeout     time.Duration `help:"When to stop a search at the latest; what it found until then counts." default:"10m"`
	Addr        string        `help:"Ask the running planner at this address instead of one in this process; start it with --solo-bills." placeholder:"ADDR"`
	bodies      `embed:""`
}

// Run does what is left to do and prints a table of all.
func (c *benchRunCmd) Run(ctx context.Context, out *output) error {
	arms, err := bench.Arms(c.Arms, c.N)
	if err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	name, set, err := c.load()
	if err != nil {
		return err
	}
	tasks, err := bench.Tasks(set, arms, c.Seeds)
	if err != nil {
		return err
	}
	header := bench.Header{
		Planner: c.Addr, Problems: bench.ProblemsOf(name, set), Seeds: c.Seeds,
		Sampling: bench.Sampling{Temperature: c.Temperature, TopP: 1, MaxTokens: c.maxTokens(c.MaxTokens)},
	}
	planner, stop, err := c.planner(ctx, &header)
	if err != nil {
		return err
	}
	results, err := c.run(ctx, planner, header, arms, tasks)
	err = errors.Join(err, stop())
	if ctx.Err() != nil {
		say("%d results are in %s: the same command goes on from there", len(results), c.Out)
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return printRows(out, bench.Rows(arms, set, results))
}

func (c *benchRunCmd) validate() error {
	switch {
	case c.Addr != "" && c.Store != "":
		return reasoning.Invalid("--store", "must not be there with --addr: that planner has its own")
	case c.Concurrent < 0 || c.Concurrent > 128:
		return reasoning.Invalid("--concurrent", "must be 0 to 128, is %d", c.Concurrent)
	case !(c.Temperature >= 0 && c.Temperature <= 2):
		return reasoning.Invalid("--temperature", "must be in [0,2], is %v", c.Temperature)
	case c.Timeout <= 0:
		return reasoning.Invalid("--timeout", "must be more than 0, is %v", c.Timeout)
	case len(c.Seeds) == 0:
		return reasoning.Invalid("--seeds", "there must be one at least")
	}
	return nil
}

// run does the tasks that have no result in the file, and returns all results.
func (c *benchRunCmd) run(ctx context.Context, planner plannerv1.PlannerServiceClient, header bench.Header, arms []bench.Arm, tasks [][]bench.Task) ([]bench.Result, error) {
	maxTokens := int32(header.Sampling.MaxTokens)
	runner := bench.Runner{
		Planner: planner, Concurrent: c.Concurrent, Timeout: c.Timeout,
		Sampling: &reasoningv1.Sampling{Temperature: &header.Sampling.Temperature, TopP: &header.Sampling.TopP, MaxTokens: &maxTokens},
	}
	if c.Concurrent == 0 {
		runner.Concurrent = 2 * runtime.GOMAXPROCS(0)
	}
	if err := runner.Check(ctx, arms); err != nil {
		return nil, err
	}
	log, results, err := bench.OpenLog(c.Out, header)
	if err != nil {
		return nil, err
	}
	left := bench.Without(tasks, results)
	progress := newProgress(os.Stderr, terminal(os.Stderr), tasks, left)
	err = runner.Run(ctx, left, func(r bench.Result) error {
		if err := log.Append(r); err != nil {
			return err
		}
		results = append(results, r)
		progress.add(r, time.Now())
		return nil
	})
	progress.end(time.Now())
	return results, errors.Join(err, log.Close())
}

// planner is the one at --addr, or that of a mesh in this process, of whose models the
// header then tells.
func (c *benchRunCmd) planner(ctx context.Context, header *bench.Header) (_ plannerv1.PlannerServiceClient, stop func() error, err error) {
	if c.Addr != "" {
		client, done, err := plannerTarget{c.Addr}.dial()
		return client, func() error { done(); return nil }, err
	}
	models, err := c.open()
	if err != nil {
		return nil, nil, err
	}
	stops := []func() error{models.close}
	stop = func() error {
		var errs []error
		for i := range stops {
			errs = append(errs, stops[len(stops)-1-i]())
		}
		return errors.Join(errs...)
	}
	fail := func(err error) (plannerv1.PlannerServiceClient, func() error, error) {
		return nil, nil, errors.Join(err, stop())
	}
	if err := models.identify(ctx, header); err != nil {
		return fail(err)
	}
	config := mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.judge(), Slots: c.Policy.Slots,
		Store: world.NewMemory(256 << 20), Solo: true,
	}
	if c.Store != "" {
		file, err := world.OpenFile(c.Store)
		if err != nil {
			return fail(err)
		}
		stops = append(stops, file.Close)
		config.Store = file
	}
	m, err := mesh.Start(ctx, config)
	if err != nil {
		return fail(err)
	}
	stops = append(stops, m.Close)
	return m.Planner, stop, nil
}

// identify fills in whose results they are.
func (o opened) identify(ctx context.Context, h *bench.Header) error {
	of := func(m reasoning.Model) bench.Model {
		return bench.Model{Name: m.Name, Version: m.Version, Tokenizer: m.Tokenizer, Template: m.Template, Parameters: m.Parameters}
	}
	policy, err := o.policy.Model(ctx)
	if err != nil {
		return fmt.Errorf("which model is the policy: %w", err)
	}
	h.Policy = of(policy)
	if o.verifier == nil {
		return nil
	}
	judge, err := o.verifier.Judge(ctx)
	if err != nil {
		return fmt.Errorf("which model is the verifier: %w", err)
	}
	h.Verifier = of(judge.Model)
	h.Verifier.Aggregator = judge.Aggregator.String()
	return nil
}

// printRows prints a line for each arm.
func printRows(out *output, rows []bench.Row) error {
	table := eval.Table{
		Header: []string{"strategy", "N", "accuracy [95 %]", "generated tokens", "prompt tokens", "verifier tokens", "GFLOP"},
		Align:  []eval.Align{eval.Left, eval.Right, eval.Left, eval.Right, eval.Right, eval.Right, eval.Right},
	}
	for _, r := range rows {
		if err := out.value(summaryOf(r, nil)); err != nil {
			return err
		}
		table.Add(r.Name, strconv.Itoa(r.N), r.Accuracy().Percent(), strconv.FormatInt(r.Tokens.Generated, 10), strconv.FormatInt(r.Tokens.Prompt, 10),
			strconv.FormatInt(r.Tokens.Verifier, 10), fmt.Sprintf("%.1f", r.FLOPs/1e9))
	}
	if out.json {
		return nil
	}
	return table.WriteText(os.Stdout)
}
