package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
)

type benchCmd struct {
	Run    benchRunCmd    `cmd:"" help:"Run the searches that have no result in the file of results."`
	Resume benchResumeCmd `cmd:"" help:"Resume the run that began a file of results."`
	Report benchReportCmd `cmd:"" help:"Print and plot results in the tables and figures of the papers."`
}

type benchRunCmd struct {
	Out        string   `help:"File of results, one JSON line each; searches with a result are not repeated." required:"" placeholder:"FILE" type:"path"`
	Store      string   `help:"File of samples and scores that all strategies share and reuse." placeholder:"FILE" type:"path"`
	Arms       []string `help:"Strategies; planned: the planner chooses, with budget N; estimate+NAME: after an estimate of difficulty; difficulty:METHOD: an estimate alone (oracle, predicted, probe, prompt)." default:"greedy,majority,best-of-n,beam"`
	N          []int    `help:"Numbers of samples." default:"4,16"`
	Profile    []string `help:"Profile for planned searches, written by ponder calibrate." placeholder:"FILE" type:"existingfile"`
	Addr       string   `help:"Address of a running planner to use instead of one in this process; start that planner with --solo-bills, so that each search is billed as if it ran alone." placeholder:"ADDR"`
	benchFlags `embed:""`
}

// Run runs the tasks that have no result and prints a table of the results of its arms.
func (c *benchRunCmd) Run(ctx context.Context, out *output, line *kong.Context) error {
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
	header := c.header(name, set)
	header.Planner, header.Command = c.Addr, line.Args
	results, err := c.run(ctx, header, arms, tasks)
	if ctx.Err() != nil {
		say("%s has %d results; to resume, run: ponder bench resume %s", c.Out, len(results), c.Out)
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return printRows(out, bench.NewMatrix(header, results, bench.OrderOf(set)).Select(arms...).Rows)
}

// validate returns a *reasoning.InvalidError for the first flag that breaks a rule.
func (c *benchRunCmd) validate() error {
	switch {
	case c.Addr != "" && c.Store != "":
		return reasoning.Invalid("--store", "must not be set with --addr: the planner has its own store")
	case c.Addr != "" && len(c.Profile) > 0:
		return reasoning.Invalid("--profile", "must not be set with --addr: the planner has its own profiles")
	}
	return c.benchFlags.validate()
}

// run runs the tasks that have no result in the file, and returns all results.
func (c *benchRunCmd) run(ctx context.Context, header bench.Header, arms []bench.Arm,
	tasks [][]bench.Task) (_ []bench.Result, err error) {
	var services benchServices
	if c.Addr != "" {
		solver, done, err := plannerTarget{c.Addr}.dial()
		if err != nil {
			return nil, err
		}
		services = benchServices{planner: solver, close: func() error { done(); return nil }}
	} else {
		store, closeStore, openErr := openStore(c.Store)
		if openErr != nil {
			return nil, openErr
		}
		defer func() { err = errors.Join(err, closeStore()) }()
		if services, err = c.start(ctx, store, c.Profile, &header); err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, services.close()) }()
	return record(ctx, c.runner(services, header), c.Out, header, arms, tasks)
}

// printRows prints a line for each arm that searches.
func printRows(out *output, rows []bench.Row) error {
	table := table.New("strategy", ">N", "accuracy [95 %]", ">generated tokens", ">prompt tokens", ">verifier tokens",
		">GFLOP")
	for _, r := range rows {
		if r.Arm.Kind == bench.KindDifficulty {
			continue
		}
		s := summaryOf(r)
		if err := out.value(s); err != nil {
			return err
		}
		table.Add(s.Strategy, strconv.Itoa(s.N), s.Accuracy.Percent(), strconv.FormatInt(s.PolicyTokens, 10),
			strconv.FormatInt(s.PromptTokens, 10),
			strconv.FormatInt(s.VerifierTokens, 10), fmt.Sprintf("%.1f", s.FLOPs/1e9))
	}
	return out.table(table)
}
