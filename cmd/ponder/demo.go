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
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

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
	bodies    `embed:""`
	Problems  int    `help:"Held-out problems to solve." default:"32"`
	Steps     int    `help:"Problems have 2 to this many steps." default:"4"`
	N         []int  `help:"Numbers of samples to compare." default:"4,16"`
	Seed      uint64 `help:"Root of all chance." default:"1"`
	TraceFile string `help:"Where spans go." default:"traces/demo.jsonl" type:"path"`
}

// Run solves problems with each strategy and compares them.
func (c *demoCmd) Run(ctx context.Context, out *output) (err error) {
	set, err := pocketSet(c.Problems, problems.Test, 2, c.Steps)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.TraceFile), 0o755); err != nil {
		return fmt.Errorf("folder of the trace: %w", err)
	}
	if err := os.Remove(c.TraceFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("trace of the demo before: %w", err)
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
	tel, err := telemetry.Setup(ctx, telemetry.Options{Service: "ponder-demo", Version: serve.Version(), TraceFile: c.TraceFile})
	if err != nil {
		return err
	}
	m, err := mesh.Start(ctx, mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.judge(), Telemetry: tel, Slots: c.Policy.Slots,
		Store: forgetful{}, // so that each arm pays, and takes the time, for its own samples
	})
	if err != nil {
		return errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx)))
	}
	say("policy, verifier, difficulty and planner are up in this process, with a JetStream queue between them\n")
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

// arms to compare: those that need no verifier, and the others if there is one.
func (c *demoCmd) arms(models opened) ([]bench.Arm, error) {
	names := []string{"greedy", "majority", "best-of-n", "beam"}
	if models.verifier == nil {
		names = names[:2]
	}
	return bench.Arms(names, c.N)
}

// show lets one search be seen, and then runs all arms.
func (c *demoCmd) show(ctx context.Context, m *mesh.Mesh, set []problemset.Problem, arms []bench.Arm) ([]bench.Row, error) {
	runner := bench.Runner{Planner: m.Planner, Concurrent: 2 * runtime.GOMAXPROCS(0), Timeout: time.Minute}
	if err := runner.Check(ctx, arms); err != nil {
		return nil, err
	}
	one := set[len(set)-1]
	say("One search, as it grows (%s): %s", arms[len(arms)-1], one.Text)
	if err := c.showOne(ctx, m, one, arms[len(arms)-1]); err != nil {
		return nil, err
	}
	say("\n%d held-out problems of 2 to %d steps, with each strategy:", len(set), c.Steps)
	var sink io.Writer = io.Discard
	if terminal(os.Stderr) {
		sink = os.Stderr
	}
	bars := mpb.NewWithContext(ctx, mpb.WithOutput(sink), mpb.WithAutoRefresh())
	var rows []bench.Row
	for _, arm := range arms {
		var right atomic.Int64
		bar := bars.AddBar(int64(len(set)),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-14s", arm)), decor.CountersNoUnit("%3d/%3d")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return fmt.Sprintf(" %d right", right.Load()) })))
		tasks, err := bench.Tasks(set, []bench.Arm{arm}, []uint64{c.Seed})
		if err != nil {
			return nil, err
		}
		var results []bench.Result
		start := time.Now()
		err = runner.Run(ctx, tasks, func(r bench.Result) error {
			if r.Right {
				right.Add(1)
			}
			results = append(results, r)
			bar.Increment()
			return nil
		})
		if err != nil {
			bar.Abort(false)
			bars.Wait()
			return nil, err
		}
		row := bench.Rows([]bench.Arm{arm}, set, results)[0]
		row.Wall = time.Since(start)
		if sink == io.Discard {
			say("  %-14s %d of %d right in %.1f s", arm, right.Load(), len(set), row.Wall.Seconds())
		}
		rows = append(rows, row)
	}
	bars.Wait()
	return rows, nil
}

func (c *demoCmd) showOne(ctx context.Context, m *mesh.Mesh, p problemset.Problem, arm bench.Arm) error {
	stream, err := m.Planner.Solve(ctx, solveRequest(planner.Request{Problem: p.Text, Strategy: arm.Strategy, Seed: new(reasoning.Seed(c.Seed))}))
	if err != nil {
		return err
	}
	v := &view{out: &output{}, verbose: true, quiet: true}
	for {
		response, err := stream.Recv()
		if err == io.EOF {
			say("answer %s (right is %s)", v.answer, p.Answer)
			return nil
		}
		if err != nil {
			return err
		}
		if err := v.show(response.GetEvent()); err != nil {
			return err
		}
	}
}

// report prints the table and says where the trace is.
func (c *demoCmd) report(out *output, rows []bench.Row) error {
	spans, err := os.Open(c.TraceFile)
	if err != nil {
		return err
	}
	defer spans.Close()
	levels, err := bench.Latencies(spans, rows)
	if err != nil {
		return err
	}
	if out.json {
		for i, r := range rows {
			if err := out.value(summaryOf(r, levels[i])); err != nil {
				return err
			}
		}
		return nil
	}
	table := table.Table{
		Header: []string{"strategy", "N", "accuracy [95 %]", "policy tokens", "verifier tokens", "wall s", "p95 ms of levels 1, 2, 3 …"},
		Align:  []table.Align{table.Left, table.Right, table.Left, table.Right, table.Right, table.Right, table.Left},
	}
	for i, r := range rows {
		table.Add(r.Name, strconv.Itoa(r.N), r.Accuracy().Percent(), strconv.FormatInt(r.Tokens.Generated, 10), strconv.FormatInt(r.Tokens.Verifier, 10),
			fmt.Sprintf("%.1f", r.Wall.Seconds()), milliseconds(levels[i]))
	}
	fmt.Println()
	if err := table.WriteText(os.Stdout); err != nil {
		return err
	}
	fmt.Println("\nTokens and wall time are for all problems together. Spans of every step:", c.TraceFile)
	fmt.Println("Next: ponder trace", c.TraceFile)
	return nil
}

// milliseconds lists the p95 of each depth.
func milliseconds(depths [][]time.Duration) string {
	text := ""
	for i, all := range depths {
		if i > 0 {
			text += ", "
		}
		text += strconv.FormatInt(bench.P95(all).Milliseconds(), 10)
	}
	return text
}
