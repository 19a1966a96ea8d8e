package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/ponder-mesh/ponder/lab/bench"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// A campaign asks a set of problems in many ways: what the flags of bench and
// calibrate have in common.
type campaign struct {
	problemSet  `embed:""`
	Seeds       []uint64      `help:"Roots of chance; each arm runs once with each." default:"1"`
	Temperature float64       `help:"Sampling temperature in [0,2]." default:"0.8"`
	MaxTokens   int           `help:"Most tokens of one sample; 0 is 256 for pocket models, 2048 for a server's." default:"0"`
	Concurrent  int           `help:"Problems at a time; 0 is two for each processor." default:"0"`
	Timeout     time.Duration `help:"When to stop a search at the latest; what it found until then counts." default:"10m"`
	bodies      `embed:""`
}

func (c campaign) validate() error {
	switch {
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

// header of results of these problems.
func (c campaign) header(name string, set []problemset.Problem) bench.Header {
	return bench.Header{
		Problems: bench.ProblemsOf(name, set), Seeds: c.Seeds,
		Sampling: bench.Sampling{Temperature: c.Temperature, TopP: 1, MaxTokens: c.maxTokens(c.MaxTokens)},
	}
}

// runner asks a planner what results with this header are of.
func (c campaign) runner(at services, h bench.Header) bench.Runner {
	r := bench.Runner{
		Planner: at.planner, Difficulty: at.difficulty, Concurrent: c.Concurrent, Timeout: c.Timeout,
		Sampling: &reasoning.Sampling{Temperature: h.Sampling.Temperature, TopP: h.Sampling.TopP, MaxTokens: h.Sampling.MaxTokens},
	}
	if c.Concurrent == 0 {
		r.Concurrent = 2 * runtime.GOMAXPROCS(0)
	}
	return r
}

// record does the tasks that have no result in a file, and returns all results.
func record(ctx context.Context, r bench.Runner, path string, h bench.Header, arms []bench.Arm, tasks [][]bench.Task) ([]bench.Result, error) {
	if err := r.Check(ctx, arms); err != nil {
		return nil, err
	}
	log, results, err := bench.OpenLog(path, h)
	if err != nil {
		return nil, err
	}
	left := bench.Without(tasks, results)
	progress := newProgress(os.Stderr, terminal(os.Stderr), tasks, left)
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

// services are what a campaign asks. close stops those of this process.
type services struct {
	planner    plannerv1.PlannerServiceClient
	difficulty difficulty.Estimator
	close      func() error
}

// start runs a mesh in this process over a file of recorded results, "" is memory, and
// with these profiles, and says in the header whose results they are.
func (c campaign) start(ctx context.Context, store backend.Store, profiles []string, header *bench.Header) (_ services, err error) {
	models, err := c.open()
	if err != nil {
		return services{}, err
	}
	fail := func(err error) (services, error) { return services{}, errors.Join(err, models.close()) }
	if err := models.identify(ctx, header); err != nil {
		return fail(err)
	}
	shelf, digest, err := readProfiles(profiles)
	if err != nil {
		return fail(err)
	}
	header.Profiles = digest
	m, err := mesh.Start(ctx, mesh.Config{
		Policy: models.policy, Provider: models.policy.Provider, Verifier: models.judge(), Slots: c.Policy.Slots, Store: store, Solo: true, Profiles: shelf,
	})
	if err != nil {
		return fail(err)
	}
	return services{m.Planner, m.Difficulty, func() error { return errors.Join(m.Close(), models.close()) }}, nil
}

// recorded is a file of recorded results, or memory where the path is empty.
func recorded(path string) (backend.Store, func() error, error) {
	if path == "" {
		return backend.NewMemory(256 << 20), func() error { return nil }, nil
	}
	file, err := backend.OpenFile(path)
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

// identify fills in whose results they are.
func (o opened) identify(ctx context.Context, h *bench.Header) error {
	of := func(m reasoning.Model) bench.Model {
		return bench.Model{Name: m.Name, Version: m.Version, Tokenizer: m.Tokenizer, Template: m.Template, Parameters: m.Parameters}
	}
	policy, err := o.policy.Model(ctx)
	if err != nil {
		return fmt.Errorf("get policy model: %w", err)
	}
	h.Policy = of(policy)
	if o.verifier == nil {
		return nil
	}
	judge, err := o.verifier.RewardModel(ctx)
	if err != nil {
		return fmt.Errorf("get reward model: %w", err)
	}
	h.Verifier = of(judge.Model)
	h.Verifier.Aggregator = judge.Aggregator.String()
	return nil
}

// digestOf is what tells files apart.
func digestOf(data ...[]byte) string {
	if len(data) == 0 {
		return ""
	}
	h := sha256.New()
	for _, d := range data {
		fmt.Fprintf(h, "%d ", len(d))
		h.Write(d)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
