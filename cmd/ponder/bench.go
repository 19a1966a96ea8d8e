package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
)

type benchCmd struct {
	Run    benchRunCmd    `cmd:"" help:"Do what is not in the file of results yet."`
	Resume benchResumeCmd `cmd:"" help:"Go on with the run that began a file of results."`
	Report benchReportCmd `cmd:"" help:"Tables and plots of files of results, as the papers have them."`
}

type benchRunCmd struct {
	Out        string   `help:"File of results, a line of JSON each; what is in it is not done again." required:"" placeholder:"FILE" type:"path"`
	Store      string   `help:"File of samples and scores, shared by all strategies; what is in it is not asked for again." placeholder:"FILE" type:"path"`
	Arms       []string `help:"Strategies; planned: the planner decides, and N is the budget; estimate+NAME: difficulty is estimated first." default:"greedy,majority,best-of-n,beam"`
	N          []int    `help:"Numbers of samples." default:"4,16"`
	Profile    []string `help:"Profile of ponder calibrate that planned searches follow." placeholder:"FILE" type:"existingfile"`
	Addr       string   `help:"Ask the running planner at this address instead of one in this process; start it with --solo-bills." placeholder:"ADDR"`
	benchFlags `embed:""`
}

// Run runs the tasks that have no result yet and prints a table of all.
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
		say("%d results are in %s: ponder bench resume %s goes on from there", len(results), c.Out, c.Out)
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return printRows(out, bench.NewMatrix(header, results, bench.OrderOf(set)).Select(arms...).Rows)
}

func (c *benchRunCmd) validate() error {
	switch {
	case c.Addr != "" && c.Store != "":
		return reasoning.Invalid("--store", "must not be there with --addr: that planner has its own")
	case c.Addr != "" && len(c.Profile) > 0:
		return reasoning.Invalid("--profile", "must not be there with --addr: that planner has its own")
	}
	return c.benchFlags.validate()
}

// run runs the tasks that have no result in the file, and returns all results.
func (c *benchRunCmd) run(ctx context.Context, header bench.Header, arms []bench.Arm,
	tasks [][]bench.Task) (_ []bench.Result, err error) {
	var at services
	if c.Addr != "" {
		solver, done, err := plannerTarget{c.Addr}.dial()
		if err != nil {
			return nil, err
		}
		at = services{planner: solver, close: func() error { done(); return nil }}
	} else {
		store, done, failed := openStore(c.Store)
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, done()) }()
		if at, err = c.start(ctx, store, c.Profile, &header); err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, at.close()) }()
	return record(ctx, c.runner(at, header), c.Out, header, arms, tasks)
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
	if out.json {
		return nil
	}
	return table.WriteText(os.Stdout)
}
