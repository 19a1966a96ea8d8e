package cards

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// baseModel is the policy from which the reviser and the thinker were fine-tuned.
const baseModel = "pocket-0.3m"

// A comparison compares a fine-tuned policy with its base, by searches of a mesh in this process.
type comparison struct {
	File    string `type:"existingfile" help:"GGUF file of the policy; if it is not given, the shipped one."`
	PerStep int    `default:"25" help:"Problems of each split for each number of steps."`
	Seed    uint64 `default:"13" help:"Seed of problems and searches."`
	Store   string `type:"path" help:"Files of generated samples, one per policy; recorded samples are not generated again." placeholder:"PREFIX"`
	Out     string `help:"Evidence file to write; if it is not given, tables are only printed."`
	Date    string `help:"Date of the evidence."`
}

// A result holds the measurements on the problems of one split.
type result interface{ tables() []table.Table }

// run compares the named policy with the base on the problems of both held-out splits, prints the tables and
// writes the evidence. measure measures the problems of one split.
func (c *comparison) run(ctx context.Context, name, what string,
	measure func(ctx context.Context, policy, base *solver, ps []problems.Problem) (result, error)) (err error) {
	policy, closePolicy, err := c.open(ctx, name, c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closePolicy()) }()
	base, closeBase, err := c.open(ctx, baseModel, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeBase()) }()
	results := map[string]any{}
	for _, split := range []problems.Split{problems.Validation, problems.Test} {
		ps, err := perStep(split, c.PerStep, c.Seed)
		if err != nil {
			return err
		}
		r, err := measure(ctx, policy, base, ps)
		if err != nil {
			return err
		}
		results[string(split)] = r
		fmt.Printf("\n%d %s problems\n", len(ps), split)
		if err := printTables(r.tables()...); err != nil {
			return err
		}
	}
	if c.Out == "" {
		return nil
	}
	return evidence.Record{
		Name: name, What: what, Command: command(), Date: c.Date, Seeds: []uint64{c.Seed},
		Models:  []evidence.Identity{policy.model, base.model},
		Samples: map[string]int{"problems per split and number of steps": c.PerStep}, Results: results,
	}.Write(c.Out)
}

// open returns the solver of a policy over the policy's store, and a function that closes both.
func (c *comparison) open(ctx context.Context, name, file string) (*solver, func() error, error) {
	if c.Store == "" {
		s, err := newSolver(ctx, name, file, backend.NewMemory(256<<20))
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	store, err := backend.OpenFile(c.Store + "." + name)
	if err != nil {
		return nil, nil, err
	}
	s, err := newSolver(ctx, name, file, store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return s, func() error { return errors.Join(s.Close(), store.Close()) }, nil
}

// perStep returns n problems of a split for each number of steps.
func perStep(split problems.Split, n int, seed uint64) (ps []problems.Problem, err error) {
	for steps := 1; steps <= problems.MaxSteps; steps++ {
		some, err := problems.Take(n, problems.Options{Split: split, Seed: seed, NSteps: steps})
		if err != nil {
			return nil, err
		}
		ps = append(ps, some...)
	}
	return ps, nil
}

// command returns the command line of this process, to be run in the repository's root.
func command() string { return "go run ./lab/cmd/cards " + strings.Join(os.Args[1:], " ") }

// printTables prints tables, each after an empty line.
func printTables(tables ...table.Table) error {
	for _, t := range tables {
		fmt.Println()
		if err := t.WriteText(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

// greedy returns a request for one sample at temperature 0, of at most maxTokens.
func greedy(maxTokens int) planner.Request {
	return planner.Request{Strategy: search.Greedy{}, Temperature: new(0.0), MaxTokens: &maxTokens}
}

// correct returns, by problem, 1 if the search found the right answer, otherwise 0.
func correct(ps []problems.Problem, searches []outcome) []float64 {
	right := make([]float64, len(ps))
	for i, s := range searches {
		if answer.Correct(s.answer, ps[i].Answer) {
			right[i] = 1
		}
	}
	return right
}
