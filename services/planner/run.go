package planner

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/plannertrace"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/state"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A run takes a search from its acceptance to its end, and publishes what it decides as changes
// of the search.
type run struct {
	*Planner
	live  *live
	trace *plannertrace.Search
	bill  reasoning.Bill // the latest published; guarded by search.Tree.mu once there is a tree

	unrecorded sync.Once // the notice that results are not recorded
	waiting    sync.Once // the notice that the search waits for a service

	expire context.CancelCauseFunc // ends a search that gets recorded answers first; nil: it gets none

	waitsFor atomic.Pointer[error] // why a request was refused after the last child; nil: none was
}

// runSearch runs a search until it has ended, or this planner leaves it to another.
func (p *Planner) runSearch(ctx context.Context, l *live) {
	began := l.created
	r := &run{Planner: p, live: l}
	ctx, stop := r.bound(ctx)
	defer stop()
	ctx, traced := plannertrace.Start(ctx, p.cfg.Telemetry, l.id, strategyName(l.request.Strategy))
	log := newSearchLog(ctx, p.cfg.Log, l)
	log.accepted(ctx, l.request, l.history != nil)
	r.trace = traced
	outcome := r.solve(ctx)
	if cause := context.Cause(ctx); l.leaves(cause) {
		r.leave(ctx, log, cause)
		return
	}
	if err := r.waitsFor.Load(); err != nil && outcome.Stop == StopDeadline {
		outcome.Err = fmt.Errorf("%w: it waited for a service that throttles or cannot be reached: %v", outcome.Err, *err)
	}
	if outcome.Stop == StopCancelled {
		r.cancelJobs(ctx, &outcome)
	}
	outcome.Elapsed = time.Since(began)
	final := StateSucceeded
	switch {
	case outcome.Stop == StopCancelled:
		final = StateCancelled
	case outcome.Answer == "":
		final = StateFailed
	}
	if cause := r.endDurably(final, time.Now(), outcome); cause != nil {
		r.leave(ctx, log, cause)
		return
	}
	traced.End(plannertrace.End{State: final.String(), Tenant: l.request.Tenant, Degraded: len(outcome.Degraded) > 0, Bill: r.bill, Err: outcome.Err})
	log.ended(ctx, l.strategy(), final, outcome, r.bill)
	l.publish(state.Billed{Bill: r.bill}, state.Ended{State: final, Outcome: outcome})
}

// strategyName returns the name of a request's strategy, "planned" if it has none.
func strategyName(s search.Strategy) string {
	if s == nil {
		return "planned"
	}
	return s.Name()
}

// cancelJobs stops the jobs of a search that was cancelled.
func (r *run) cancelJobs(ctx context.Context, outcome *Outcome) {
	if r.cfg.CancelJobs == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	if err := r.cfg.CancelJobs(ctx, r.live.id); err != nil {
		outcome.Degraded = append(outcome.Degraded, fmt.Sprintf("queued jobs were not removed, they end at the deadline: %v", err))
	}
}

// solve gets the models, estimates difficulty, plans, searches and chooses the answer.
func (r *run) solve(ctx context.Context) Outcome {
	r.noticeQueued()
	request := r.live.request
	m, err := r.decideModels(ctx)
	if err != nil {
		return ended(ctx, Outcome{}, err)
	}
	r.trace.SetModels(m.policy.Name, m.rewardModelOrNone().Name)
	outcome := Outcome{Degraded: m.degraded}
	for _, d := range m.degraded {
		r.notice(NoticeDegraded, "%s", d)
	}
	s := r.stack(request, m, r)
	if r.expire != nil {
		go r.expireWhen(ctx, s.journal.Live())
	}
	estimate, err := r.followEstimate(ctx, m, s)
	switch {
	case err != nil && ctx.Err() != nil:
		return ended(ctx, outcome, err)
	case err != nil:
		outcome.Degraded = append(outcome.Degraded, fmt.Sprintf("difficulty was not estimated: %v", err))
	}
	plan := r.decidePlan(estimate, m)
	r.publishPlan(plan)

	tree := search.New(s.Backend, problem(r.live.id, request, m))
	tree.Observe = func(n *search.Node) { r.observe(n, s.meter.Bill()) }
	spent, err := search.Run(ctx, tree, plan.Strategy)
	r.checkReplay(s.journal, err)
	unknown := r.settle(ctx)
	r.bill = s.meter.Bill()
	r.bill.AddPolicy(reasoning.Cost{Unknown: unknown})
	outcome.Degraded = append(outcome.Degraded, tree.Faults()...)
	if spent {
		outcome.Stop = StopBudget
	}
	choose(&outcome, tree, plan.Choice)
	return ended(ctx, outcome, err)
}

// settle waits for what the policy is about to report of the search, and returns an upper bound of
// what it never reported.
func (r *run) settle(ctx context.Context) reasoning.Usage {
	if s, ok := r.cfg.Policy.(policy.Settler); ok {
		return s.Settle(context.WithoutCancel(ctx), r.live.id)
	}
	return reasoning.Usage{}
}

// problem returns the input of a search's tree.
func problem(id string, r Request, m models) search.Problem {
	q := answer.Of(r.AnswerKind, r.Problem)
	p := search.Problem{
		Tenant: r.Tenant, Search: id, Text: r.Problem, Seed: *r.Seed, Sampling: r.Sampling(),
		Extract: q.Extract, Key: q.Key,
	}
	if m.rewardModel != nil {
		p.Aggregator = m.rewardModel.Aggregator
	}
	return p
}

// followEstimate publishes each estimate of the problem's difficulty and, after each but the
// final one, the plan that it gives. It returns the last estimate, and charges its cost, and what
// was wasted after it, to the budget of the search.
func (r *run) followEstimate(ctx context.Context, m models, s stack) (last *difficulty.Estimate, err error) {
	var cost reasoning.Cost
	defer func() {
		s.meter.ChargeEstimate(cost)
		r.bill = s.meter.Bill()
	}()
	for e, err := range r.estimates(ctx, m, s) {
		if err != nil {
			cost = cost.Add(e.Cost())
			return last, err
		}
		last, cost = &e, e.Cost()
		r.recordEstimate(e)
		r.bill = reasoning.Bill{}
		r.bill.AddDifficulty(cost)
		r.live.publish(state.Billed{Bill: r.bill}, state.Estimated{Estimate: e})
		if !e.Final {
			r.publishPlan(r.decide(r.live.request, last, m))
		}
	}
	return last, nil
}

// publishPlan publishes a plan.
func (r *run) publishPlan(p Plan) {
	r.trace.SetPlan(plannertrace.Plan{Strategy: p.Strategy.Name(), Source: p.Source.String(), Profile: p.Profile, Bin: p.Bin, Reason: p.Reason})
	r.live.publish(state.Planned{Plan: p})
}

// notice publishes a Notice with a formatted text.
func (r *run) notice(kind NoticeKind, format string, args ...any) {
	r.live.notice(kind, format, args...)
}

// observe publishes a node that changed, with the bill. It is called under the tree's
// lock.
func (r *run) observe(n *search.Node, bill reasoning.Bill) {
	changes := []state.Change{state.NodeChanged{Node: nodeOf(n)}}
	if bill != r.bill {
		r.bill = bill
		changes = append([]state.Change{state.Billed{Bill: bill}}, changes...)
	}
	r.live.publish(changes...)
}

// nodeOf returns a node as clients see it.
func nodeOf(n *search.Node) Node {
	return Node{
		ID: n.ID, Parent: n.Parent.ID, Depth: n.Depth, State: n.State, Steps: n.Steps, Finish: n.Finish,
		Value: n.Value, Scored: n.Scored, Answer: n.Answer, Reason: n.Reason,
	}
}

// noticeQueued publishes that no worker pulls jobs, if that is so.
func (r *run) noticeQueued() {
	if r.cfg.Attended != nil && !r.cfg.Attended() {
		r.notice(NoticeQueued, "no policy worker is available: the search is queued until one is, at the latest until %s",
			r.live.request.Deadline.UTC().Format(time.RFC3339))
	}
}

// noticeWaiting records that the search waits for a service that failed with err, and publishes it the first time.
func (r *run) noticeWaiting(err error) {
	r.waitsFor.Store(&err)
	r.waiting.Do(func() {
		r.notice(NoticeWaiting, "the search waits for a service that throttles or cannot be reached, at the latest until %s: %v",
			r.live.request.Deadline.UTC().Format(time.RFC3339), err)
	})
}

// noticeUnrecorded counts a result that could not be recorded, and publishes a notice of the
// first. The search continues; a later search may have to generate the result again.
func (r *run) noticeUnrecorded(err error) {
	r.cfg.Telemetry.StoreFailures.Add(context.Background(), 1)
	r.unrecorded.Do(func() { r.notice(NoticeDegraded, "results are not recorded any more: %v", err) })
}
