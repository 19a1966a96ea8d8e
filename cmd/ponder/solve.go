package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// question is the part of the command line that becomes a request.
type question struct {
	Problem        string        `arg:"" optional:"" help:"The problem, or - for standard input."`
	Effort         string        `help:"How much to spend: none, minimal, low, medium, high, xhigh, max." placeholder:"EFFORT"`
	Strategy       string        `help:"How to search; without it the planner decides. 'help' explains all strategies." placeholder:"NAME"`
	N              int           `help:"Samples, beams, walks …" default:"8" short:"n"`
	M              int           `help:"Short for --set m=…: children of a step that is kept." default:"0" short:"m"`
	Set            []string      `help:"Another parameter of the strategy, such as balance=0.1." placeholder:"NAME=VALUE"`
	Choice         string        `help:"How to choose: majority, or {min,last,avg,prod,orm,certainty}-{max,vote}." placeholder:"NAME"`
	Samples        int32         `help:"How much to spend, in whole solutions' worth of text, where the planner decides; 0 is the effort's."`
	PolicyTokens   int64         `help:"Most tokens that the policy may generate; 0 does not bound."`
	VerifierTokens int64         `help:"Most tokens that the verifier may read; 0 does not bound."`
	FLOPs          float64       `name:"flops" help:"Most floating-point operations of both; 0 does not bound."`
	Estimate       bool          `help:"Estimate difficulty even with --strategy."`
	Temperature    float64       `help:"Sampling temperature in [0,2]; negative is the planner's default." default:"-1"`
	MaxTokens      int           `help:"Most tokens of one sample; 0 is the planner's default."`
	Think          thinking      `embed:"" prefix:"think-"`
	Seed           uint64        `help:"Root of all chance." default:"1"`
	Timeout        time.Duration `help:"When to stop at the latest." default:"2m"`
	Tenant         string        `help:"Who asks." env:"PONDER_TENANT"`
	Idempotency    string        `help:"Follow the search with this key instead of starting a second one." placeholder:"KEY"`
	plannerTarget  `embed:""`
}

// request returns what the flags ask for.
func (q question) request() (planner.Request, error) {
	r := planner.Request{
		Tenant: q.Tenant, Problem: q.Problem, IdempotencyKey: q.Idempotency, Seed: new(reasoning.Seed(q.Seed)), Estimate: q.Estimate,
		Samples: int(q.Samples), Deadline: time.Now().Add(q.Timeout),
		Budget: backend.Budget{PolicyTokens: q.PolicyTokens, VerifierTokens: q.VerifierTokens, FLOPs: q.FLOPs},
	}
	if q.Problem == "-" {
		text, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
		if err != nil {
			return r, fmt.Errorf("read the problem from standard input: %w", err)
		}
		r.Problem = strings.TrimRight(string(text), "\n")
	}
	if q.Temperature >= 0 {
		r.Temperature = &q.Temperature
	}
	if q.MaxTokens != 0 {
		r.MaxTokens = &q.MaxTokens
	}
	var err error
	if r.Thinking, err = q.Think.parse(); err != nil {
		return r, err
	}
	if q.Effort != "" {
		if r.Effort, err = planner.ParseEffort(q.Effort); err != nil {
			return r, err
		}
	}
	if q.Choice != "" {
		choice, err := search.ParseChoice(q.Choice)
		if err != nil {
			return r, err
		}
		r.Choice = &choice
	}
	r.Strategy, err = q.strategy()
	return r, err
}

// strategy returns the strategy that the flags name, nil if the planner is to decide.
func (q question) strategy() (search.Strategy, error) {
	if q.Strategy == "" {
		if q.M != 0 || len(q.Set) > 0 {
			return nil, errors.New("parameters of a strategy need --strategy NAME")
		}
		return nil, nil
	}
	set := slices.Clone(q.Set)
	if q.M != 0 {
		set = append(set, fmt.Sprintf("m=%d", q.M))
	}
	if q.Strategy != "greedy" {
		set = append([]string{fmt.Sprintf("n=%d", q.N)}, set...)
	}
	return strategies.New(q.Strategy, set...)
}

type solveCmd struct {
	question `embed:""`
	Detach   bool `help:"Print the search's id and leave it running."`
}

// Run solves a problem. Ctrl-C cancels the search.
func (c *solveCmd) Run(ctx context.Context, out *output) error {
	if c.Strategy == "help" {
		return explainStrategies(out)
	}
	request, err := c.request()
	if err != nil {
		return usageError{err}
	}
	solver, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	return c.solve(ctx, solver, request, out)
}

// solve creates a search and shows it to its end, or only its id.
func (c *solveCmd) solve(ctx context.Context, solver planner.Solver, request planner.Request, out *output) error {
	search, err := c.create(ctx, solver, request)
	if err != nil {
		return err
	}
	if c.Detach {
		if out.json {
			return out.message(plannerrpc.SearchToProto(search))
		}
		say("follow it with: ponder watch %s", search.ID)
		_, err := fmt.Println(search.ID)
		return err
	}
	ref := planner.Ref{Tenant: request.Tenant, ID: search.ID}
	following, leave := context.WithCancel(context.WithoutCancel(ctx)) // Ctrl-C cancels the search, and that ends the events
	defer leave()
	defer context.AfterFunc(ctx, func() { c.interrupt(solver, ref, leave) })()
	view := &view{out: out, verbose: true}
	for event, err := range solver.Watch(following, ref, 0) {
		switch {
		case err != nil && following.Err() != nil:
			return errInterrupted
		case err != nil:
			return c.explain(err)
		}
		if err := view.show(event); err != nil {
			return err
		}
	}
	return view.end()
}

// cancelTimeout is how long an interrupted command waits for the planner's answer.
const cancelTimeout = 5 * time.Second

// create creates a search. After Ctrl-C it still waits for the search's id, so that the
// search can be cancelled, but no longer than cancelTimeout.
func (c *solveCmd) create(ctx context.Context, solver planner.Solver, request planner.Request) (planner.Search, error) {
	creating, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(cancelTimeout, leave) })()
	search, err := solver.Create(creating, request)
	switch {
	case err != nil && ctx.Err() != nil:
		say("ponder: the planner does not answer: if it accepted the search, the search goes on")
		return search, errInterrupted
	case err != nil:
		return search, c.explain(err)
	}
	return search, nil
}

// interrupt cancels a search; then its events end. It calls leave if the planner does not
// answer.
func (c *solveCmd) interrupt(solver planner.Solver, ref planner.Ref, leave func()) {
	ctx, stop := context.WithTimeout(context.Background(), cancelTimeout)
	defer stop()
	if _, err := solver.Cancel(ctx, ref); err != nil {
		say("ponder: cancel search %s: %v (it goes on; try: ponder cancel %s)", ref.ID, err, ref.ID)
		leave()
	}
}
