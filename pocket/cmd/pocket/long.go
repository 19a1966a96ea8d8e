package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

// longCmd measures a policy that spends its tokens one after the other, on revisions
// or on thinking, against the one that it was made of.
type longCmd struct {
	File    string `type:"existingfile" help:"The policy's GGUF file; else the shipped one."`
	PerStep int    `default:"25" help:"Problems of each split for each number of steps."`
	Seed    uint64 `default:"13"`
	Out     string `help:"Evidence file to write; else only tables are printed."`
	Date    string `help:"For the evidence."`
}

const baseModel = "pocket-0.3m"

// A result is what was measured on the problems of a split.
type result interface{ tables() []table.Table }

func (c *longCmd) measure(name, what string, on func(ctx context.Context, model, base *pocket.Engine, ps []problems.Problem) (result, error)) error {
	ev := evidence.Record{
		Name: name, What: what, Command: "go run ./pocket/cmd/pocket " + strings.Join(os.Args[1:], " "), Date: c.Date,
		Seeds: []uint64{c.Seed}, Samples: map[string]int{"problems per split and number of steps": c.PerStep},
	}
	var engines []*pocket.Engine
	for _, open := range []func() (*pocket.Model, error){
		func() (*pocket.Model, error) {
			if c.File != "" {
				return openPolicy(c.File)
			}
			return models.Open(name)
		},
		func() (*pocket.Model, error) { return models.Open(baseModel) },
	} {
		m, err := open()
		if err != nil {
			return err
		}
		ev.Models = append(ev.Models, identity(m.Identity()))
		e := pocket.NewEngine(m, pocket.Options{})
		defer e.Close()
		engines = append(engines, e)
	}
	results := map[string]any{}
	for _, split := range []problems.Split{problems.Validation, problems.Test} {
		var ps []problems.Problem
		for steps := 1; steps <= problems.MaxSteps; steps++ {
			some, err := problems.Take(c.PerStep, problems.Options{Split: split, Seed: c.Seed, NSteps: steps})
			if err != nil {
				return err
			}
			ps = append(ps, some...)
		}
		r, err := on(context.Background(), engines[0], engines[1], ps)
		if err != nil {
			return err
		}
		results[string(split)] = r
		fmt.Printf("\n%d %s problems\n", len(ps), split)
		for _, t := range r.tables() {
			fmt.Println()
			_ = t.WriteText(os.Stdout)
		}
	}
	if c.Out == "" {
		return nil
	}
	ev.Results = results
	return ev.Write(c.Out)
}

// each does something with all problems, so many at once that an engine's batches are full.
func each(ps []problems.Problem, do func(i int, p problems.Problem) error) error {
	var g errgroup.Group
	g.SetLimit(32)
	for i, p := range ps {
		g.Go(func() error { return do(i, p) })
	}
	return g.Wait()
}

// only is a request's only child.
func only(ctx context.Context, e *pocket.Engine, r pocket.Request) (child pocket.Child, err error) {
	for child, err = range e.Generate(ctx, r) {
	}
	return child, err
}

// share is the part of xs that is so.
func share[T any](xs []T, is func(T) bool) float64 {
	n := 0.0
	for _, x := range xs {
		if is(x) {
			n++
		}
	}
	return n / float64(len(xs))
}
