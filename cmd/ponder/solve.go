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

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// question is the part of the command line that becomes a SolveRequest.
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
	client, done, err := c.dial()
	if err != nil {
		return err
	}
	defer done()
	return c.follow(ctx, client, solveRequest(request), out)
}

// solveRequest returns the message of a request.
func solveRequest(r planner.Request) *plannerv1.SolveRequest {
	return &plannerv1.SolveRequest{Tenant: r.Tenant, IdempotencyKey: r.IdempotencyKey, Spec: plannerrpc.SpecToProto(r)}
}

// follow starts a search and shows it to its end, or only its id.
func (c *solveCmd) follow(ctx context.Context, client plannerv1.PlannerServiceClient, request *plannerv1.SolveRequest, out *output) error {
	following, leave := context.WithCancel(context.WithoutCancel(ctx)) // Ctrl-C is a CancelSearch, not a broken stream
	defer leave()
	stream, err := client.Solve(following, request)
	if err != nil {
		return c.explain(err)
	}
	view := &view{out: out, verbose: true}
	started := make(chan string, 1) // gets the search's id
	defer context.AfterFunc(ctx, func() { c.interrupt(client, started, leave) })()
	for known := false; ; {
		response, err := stream.Recv()
		switch {
		case err != nil && following.Err() != nil:
			return errInterrupted
		case err != nil:
			return c.end(err, view)
		}
		event := response.GetEvent()
		if !known {
			known = true
			started <- event.GetSearchId()
		}
		if c.Detach {
			if out.json {
				return out.message(event)
			}
			say("follow it with: ponder watch %s", event.GetSearchId())
			_, err := fmt.Println(event.GetSearchId())
			return err
		}
		if err := view.show(event); err != nil {
			return err
		}
	}
}

// cancelPatience is how long a planner may take to cancel a search before it is left.
const cancelPatience = 5 * time.Second

// interrupt cancels the search whose id started brings; then its stream ends. A
// planner that does not answer is left.
func (c *solveCmd) interrupt(client plannerv1.PlannerServiceClient, started <-chan string, leave func()) {
	ctx, stop := context.WithTimeout(context.Background(), cancelPatience)
	defer stop()
	select {
	case id := <-started:
		if _, err := client.CancelSearch(ctx, &plannerv1.CancelSearchRequest{Tenant: c.Tenant, SearchId: id}); err != nil {
			say("ponder: cancel search %s: %v (it goes on; try: ponder cancel %s)", id, rpcerr.FromStatus(err), id)
			leave()
		}
	case <-ctx.Done():
		say("ponder: the planner does not say whether the search began; if so, it goes on")
		leave()
	}
}
