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
	"github.com/ponder-mesh/ponder/internal/stats"
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
	tel, err := telemetry.Setup(ctx, telemetry.Options{Service: "ponder-demo", Version: serve.Version(), Revision: serve.Revision(),
		TraceFile: c.TraceFile})
	if err != nil {
		return err
	}
	say("policy, verifier, difficulty and planner run in this process, with a JetStream queue between them\n")
	rows, err := c.compare(ctx, tel, set)
	err = errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx)))
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return c.report(out, rows)
}

// withMesh calls f with a mesh that has engines of its own, whose caches are empty, and no recorded results. Each search
// is billed as if it ran alone, so that costs of arms do not depend on the arms before.
func (c *demoCmd) withMesh(ctx context.Context, tel *telemetry.Providers, f func(*mesh.Mesh, openModels) error) (err error) {
	models, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.close()) }()
	m, err := mesh.Start(ctx, mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.verifierOrNil(), Telemetry: tel,
		Slots: c.Policy.Slots, Store: emptyStore{}, Solo: true,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return f(m, models)
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

// compare prints the searches of one problem by the first and the last arm, and then solves all problems by each arm.
func (c *demoCmd) compare(ctx context.Context, tel *telemetry.Providers, set []problemset.Problem) ([]demoRow, error) {
	var arms []bench.Arm
	runner := bench.Runner{Concurrent: 2 * runtime.GOMAXPROCS(0), Timeout: time.Minute}
	err := c.withMesh(ctx, tel, func(m *mesh.Mesh, models openModels) (err error) {
		if arms, err = c.arms(models); err != nil {
			return err
		}
		runner.Planner = m.Planner
		if err := runner.Check(ctx, arms); err != nil {
			return err
		}
		last := set[len(set)-1]
		say("The last of the problems: %s", last.Text)
		for _, arm := range []bench.Arm{arms[0], arms[len(arms)-1]} {
			say("\nIts search by %s (× k: k equal lines):", arm)
			if err := c.showOne(ctx, m, last, arm); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	say("\n%d held-out problems of 2 to %d steps by each strategy:", len(set), c.Steps)
	var rows []demoRow
	for _, arm := range arms {
		err := c.withMesh(ctx, tel, func(m *mesh.Mesh, _ openModels) error {
			runner.Planner = m.Planner
			row, err := c.run(ctx, runner, set, arm)
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return nil, err
		}
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
	v := &view{out: &output{}, verbose: true, quiet: true, fold: true}
	for event, err := range m.Planner.Watch(ctx, planner.Ref{ID: search.ID}, 0) {
		if err == nil {
			err = v.show(event)
		}
		if err != nil {
			return err
		}
	}
	v.flush()
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
	costs := table.New("strategy", ">N", "accuracy [95 %]", ">generated", ">prompt", ">verifier tokens", ">MFLOP")
	others := table.New("strategy", ">N", "accuracy − greedy", ">wall s", "p95 ms of levels 1, 2, 3 …")
	for i, r := range rows {
		s := summaryOf(r.Row)
		s.WallSeconds = r.wall.Seconds()
		for _, level := range levels[i] {
			s.LevelP95 = append(s.LevelP95, bench.P95(level).Seconds())
		}
		if err := out.value(s); err != nil {
			return err
		}
		mean := func(sum float64) string { return strconv.FormatFloat(sum/float64(len(r.Results)), 'f', 0, 64) }
		costs.Add(s.Strategy, strconv.Itoa(s.N), s.Accuracy.Percent(), mean(float64(s.PolicyTokens)),
			mean(float64(s.PromptTokens)), mean(float64(s.VerifierTokens)), mean(s.FLOPs/1e6))
		difference := ""
		if i > 0 {
			d, err := stats.PairedBootstrap(r.Right, rows[0].Right, 1)
			if err != nil {
				return err
			}
			difference = fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High)
		}
		others.Add(s.Strategy, strconv.Itoa(s.N), difference, fmt.Sprintf("%.1f", s.WallSeconds), milliseconds(s.LevelP95))
	}
	return errors.Join(
		out.line("\nThe same problems, samples from the same seed, no early stops. Costs are means per problem, each\n"+
			"search billed as if it ran alone; MFLOP are those of policy and verifier together."),
		out.table(costs),
		out.line("\nPoints of accuracy more than greedy on the same problems [95 %%]: where the interval has 0, %d problems\n"+
			"are too few to tell. Wall time is for all problems, with caches that are empty at the start.",
			len(rows[0].Results)),
		out.table(others),
		out.line("\nSpans of every step: %s", c.TraceFile),
		out.line("Next: ponder trace %s", c.TraceFile))
}

// milliseconds returns a list of times in seconds as text in milliseconds, of at most six levels.
func milliseconds(seconds []float64) string {
	const most = 6
	var texts []string
	for i, s := range seconds {
		if i == most {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, strconv.FormatFloat(1000*s, 'f', 0, 64))
	}
	return strings.Join(texts, ", ")
}
