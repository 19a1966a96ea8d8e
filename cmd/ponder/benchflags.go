package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
)

// benchFlags holds the flags that bench and calibrate share.
type benchFlags struct {
	problemSet  `embed:""`
	Seeds       []uint64      `help:"Seeds; each arm runs once with each." default:"1"`
	Temperature float64       `help:"Sampling temperature in [0,2]." default:"0.8"`
	MaxTokens   int           `help:"Maximum tokens of a child (a step or a whole sample); 0: 256 for a pocket model, 2048 for others." default:"0"`
	Concurrent  int           `help:"Problems at a time; 0: two per processor." default:"0"`
	Timeout     time.Duration `help:"Time until the deadline of a search; the best answer found by then counts." default:"10m"`
	modelFlags  `embed:""`
}

// validate returns a *reasoning.InvalidError for the first flag that breaks a rule.
func (c benchFlags) validate() error {
	switch {
	case c.Concurrent < 0 || c.Concurrent > 128:
		return reasoning.Invalid("--concurrent", "must be 0 to 128, is %d", c.Concurrent)
	case !(c.Temperature >= 0 && c.Temperature <= 2):
		return reasoning.Invalid("--temperature", "must be in [0,2], is %v", c.Temperature)
	case c.Timeout <= 0:
		return reasoning.Invalid("--timeout", "must be more than 0, is %v", c.Timeout)
	case len(c.Seeds) == 0:
		return reasoning.Invalid("--seeds", "must have at least one seed")
	}
	return nil
}

// header returns the header of results on a problem set, without models.
func (c benchFlags) header(name string, set []problemset.Problem) bench.Header {
	return bench.Header{
		Problems: bench.ProblemsOf(name, set), Seeds: c.Seeds,
		Sampling: reasoning.Sampling{Temperature: c.Temperature, TopP: 1, MaxTokens: c.maxTokens(c.MaxTokens)},
	}
}

// runner returns the runner of searches with this header.
func (c benchFlags) runner(services benchServices, h bench.Header) bench.Runner {
	r := bench.Runner{Planner: services.planner, Difficulty: services.difficulty, Sampling: &h.Sampling, Concurrent: c.Concurrent,
		Timeout: c.Timeout}
	if c.Concurrent == 0 {
		r.Concurrent = 2 * runtime.GOMAXPROCS(0)
	}
	return r
}

// record runs the tasks that have no result in a file, and returns all results.
func record(ctx context.Context, r bench.Runner, path string, h bench.Header, arms []bench.Arm,
	tasks [][]bench.Task) ([]bench.Result, error) {
	if err := r.Check(ctx, arms); err != nil {
		return nil, err
	}
	log, file, err := bench.OpenLog(path, h)
	if err != nil {
		return nil, err
	}
	warn(path, file.Warnings())
	results := file.Results
	left := bench.Remaining(tasks, results)
	to, animated := animation()
	progress := newProgress(to, animated, tasks, left)
	err = r.Run(ctx, left, func(r bench.Result) error {
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

// warn prints why a file of results may not hold what was written to it.
func warn(path string, warnings []string) {
	for _, w := range warnings {
		say("%s: %s", path, w)
	}
}
