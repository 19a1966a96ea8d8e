package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

type demoCmd struct {
	modelFlags `embed:""`
	Problems   int    `help:"Held-out problems to solve." default:"32"`
	Steps      int    `help:"Maximum steps of a problem; the minimum is 2." default:"4"`
	N          []int  `help:"Numbers of samples to compare." default:"4,16"`
	Seed       uint64 `help:"Seed of all samples." default:"1"`
	TraceFile  string `help:"File for spans." default:"traces/demo.jsonl" type:"path"`
}

// Run solves problems with each strategy and prints a comparison.
func (c *demoCmd) Run(ctx context.Context, out *output) (err error) {
	set, err := pocketSet(c.Problems, problems.Test, 2, c.Steps)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.TraceFile), 0o755); err != nil {
		return fmt.Errorf("create the trace's directory: %w", err)
	}
	if err := os.Remove(c.TraceFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the trace of the previous demo: %w", err)
	}
	models, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.close()) }()
	arms, err := c.arms(models)
	if err != nil {
		return err
	}
	tel, err := telemetry.Setup(ctx, telemetry.Options{Service: "ponder-demo", Version: serve.Version(),
		TraceFile: c.TraceFile})
	if err != nil {
		return err
	}
	m, err := mesh.Start(ctx, mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.verifierOrNil(), Telemetry: tel,
		Slots: c.Policy.Slots,
		Store: emptyStore{}, // so that each arm generates, and is billed for, all its samples
	})
	if err != nil {
		return errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx)))
	}
	say("policy, verifier, difficulty and planner run in this process, with a JetStream queue between them\n")
	rows, err := c.show(ctx, m, set, arms)
	err = errors.Join(err, m.Close(), tel.Shutdown(context.WithoutCancel(ctx)))
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return c.report(out, rows)
}

// arms returns the arms to compare. Those that need a verifier are left out if there is
// none.
func (c *demoCmd) arms(models openModels) ([]bench.Arm, error) {
	names := []string{"greedy", "majority", "best-of-n", "beam"}
	if models.verifier == nil {
		names = names[:2]
	}
	return bench.Arms(names, c.N)
}

// A demoRow is the result of an arm that ran alone.
type demoRow struct {
	bench.Row
	wall time.Duration
}

// show prints the events of one search, and then runs all arms.
func (c *demoCmd) show(ctx context.Context, m *mesh.Mesh, set []problemset.Problem,
	arms []bench.Arm) ([]demoRow, error) {
	runner := bench.Runner{Planner: m.Planner, Concurrent: 2 * runtime.GOMAXPROCS(0), Timeout: time.Minute}
	if err := runner.Check(ctx, arms); err != nil {
		return nil, err
	}
	one := set[len(set)-1]
	say("One search by %s: %s", arms[len(arms)-1], one.Text)
	if err := c.showOne(ctx, m, one, arms[len(arms)-1]); err != nil {
		return nil, err
	}
	say("\n%d held-out problems of 2 to %d steps by each strategy:", len(set), c.Steps)
	var rows []demoRow
	for _, arm := range arms {
		row, err := c.run(ctx, runner, set, arm)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// run solves all problems by an arm.
func (c *demoCmd) run(ctx context.Context, runner bench.Runner, set []problemset.Problem,
	arm bench.Arm) (demoRow, error) {
	tasks, err := bench.Tasks(set, []bench.Arm{arm}, []uint64{c.Seed})
	if err != nil {
		return demoRow{}, err
	}
	to, animated := animation()
	if !animated {
		to = io.Discard
	}
	progress := newProgress(to, true, tasks, tasks)
	progress.title = fmt.Sprintf("  %-14s ", arm)
	var results []bench.Result
	start := time.Now()
	err = runner.Run(ctx, tasks, func(r bench.Result) error {
		results = append(results, r)
		progress.add(r, time.Now())
		return nil
	})
	wall := time.Since(start)
	progress.end(time.Now())
	if err != nil {
		return demoRow{}, err
	}
	if !animated {
		say("  %-14s %d of %d right in %.1f s", arm, progress.right, len(set), wall.Seconds())
	}
	m := bench.NewMatrix(bench.Header{Seeds: []uint64{c.Seed}}, results, bench.OrderOf(set))
	return demoRow{m.Rows[0], wall}, nil
}

// showOne prints one search.
func (c *demoCmd) showOne(ctx context.Context, m *mesh.Mesh, p problemset.Problem, arm bench.Arm) error {
	search, err := m.Planner.Create(ctx, planner.Request{
		Problem: p.Text, Strategy: arm.Strategy, Seed: new(reasoning.Seed(c.Seed)),
	})
	if err != nil {
		return err
	}
	v := &view{out: &output{}, verbose: true, quiet: true}
	for event, err := range m.Planner.Watch(ctx, planner.Ref{ID: search.ID}, 0) {
		if err == nil {
			err = v.show(event)
		}
		if err != nil {
			return err
		}
	}
	say("answer %s (reference answer %s)", v.answer, p.Answer)
	return nil
}

// report prints the comparison of the arms.
func (c *demoCmd) report(out *output, rows []demoRow) error {
	spans, err := os.Open(c.TraceFile)
	if err != nil {
		return err
	}
	defer spans.Close()
	var all []bench.Row
	for _, r := range rows {
		all = append(all, r.Row)
	}
	levels, err := bench.Latencies(spans, all)
	if err != nil {
		return err
	}
	var summaries []armSummary
	for i, r := range rows {
		s := summaryOf(r.Row)
		s.WallSeconds = r.wall.Seconds()
		for _, level := range levels[i] {
			s.LevelP95 = append(s.LevelP95, bench.P95(level).Seconds())
		}
		if err := out.value(s); err != nil {
			return err
		}
		summaries = append(summaries, s)
	}
	table := table.New("strategy", ">N", "accuracy [95 %]", ">policy tokens", ">verifier tokens", ">wall s",
		"p95 ms of levels 1, 2, 3 …")
	for _, s := range summaries {
		table.Add(s.Strategy, strconv.Itoa(s.N), s.Accuracy.Percent(), strconv.FormatInt(s.PolicyTokens, 10),
			strconv.FormatInt(s.VerifierTokens, 10),
			fmt.Sprintf("%.1f", s.WallSeconds), milliseconds(s.LevelP95))
	}
	return errors.Join(
		out.line(""),
		out.table(table),
		out.line("\nTokens and wall time are for all problems together. Spans of every step: %s", c.TraceFile),
		out.line("Next: ponder trace %s", c.TraceFile))
}

// milliseconds returns a list of times in seconds as text in milliseconds.
func milliseconds(seconds []float64) string {
	var texts []string
	for _, s := range seconds {
		texts = append(texts, strconv.FormatFloat(1000*s, 'f', 0, 64))
	}
	return strings.Join(texts, ", ")
}
