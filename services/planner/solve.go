package planner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannertrace"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// mesh is a policy and a verifier side by side: the search's World, bare.
type mesh struct {
	policy.Policy
	verifier.Verifier
}

// run is the life of a search.
func (p *Planner) run(ctx context.Context, l *live) {
	ctx, stop := context.WithDeadline(ctx, l.request.Deadline)
	defer stop()
	ctx, traced := plannertrace.Start(ctx, p.cfg.Telemetry, l.id, strategyName(l.request.Strategy))
	outcome := p.solve(ctx, l, traced)
	outcome.Elapsed = time.Since(l.created)
	if outcome.Stop == StopCancelled && p.cfg.CancelJobs != nil {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		if err := p.cfg.CancelJobs(ctx, l.id); err != nil {
			outcome.Degraded = append(outcome.Degraded, fmt.Sprintf("queued jobs were not removed, they end at the deadline: %v", err))
		}
		stop()
	}
	state := StateSucceeded
	switch {
	case outcome.Stop == StopCancelled:
		state = StateCancelled
	case outcome.Answer == "":
		state = StateFailed
	}
	traced.End(state.String(), l.status().Bill, outcome.Err)
	l.change(func(sequence int64) {
		l.state, l.ended, l.outcome = state, time.Now(), numbered[*Outcome]{&outcome, sequence}
	})
}

func strategyName(s search.Strategy) string {
	if s == nil {
		return "planned"
	}
	return s.Name()
}

// solve does all that a search is: ask who judges, estimate, plan, search, choose.
func (p *Planner) solve(ctx context.Context, l *live, traced *plannertrace.Search) Outcome {
	p.sayIfQueued(ctx, l)
	told := new(sync.Once)
	setup, err := p.prepare(ctx, l.request, func(w search.Backend) search.Backend { return traced.Backend(retryNotice{w, l, told}) })
	if err != nil {
		return p.ended(ctx, Outcome{}, err)
	}
	outcome := Outcome{Degraded: setup.degraded}
	for _, d := range setup.degraded {
		l.notice(NoticeDegraded, "%s", d)
	}
	planned := func(plan Plan) {
		traced.SetPlan(plannertrace.Plan{Strategy: plan.Strategy.Name(), Source: plan.Source.String(), Profile: plan.Profile, Bin: plan.Bin, Reason: plan.Reason})
		l.change(func(sequence int64) { l.plan = numbered[*Plan]{&plan, sequence} })
	}
	estimate, err := p.estimate(ctx, l, setup, planned)
	if err != nil {
		if ctx.Err() != nil {
			return p.ended(ctx, outcome, err)
		}
		outcome.Degraded = append(outcome.Degraded, fmt.Sprintf("difficulty was not estimated: %v", err))
	}
	plan := p.decide(l.request, estimate, setup)
	planned(plan)

	budget := l.request.Budget
	if estimate != nil {
		budget = budget.Less(estimate.Usage)
	}
	var recalled search.Backend = setup.memo
	if p.cfg.Solo {
		recalled = backend.Solo(setup.memo)
	}
	metered := backend.Meter(recalled, budget, setup.policy, setup.rewardModel())
	l.change(func(int64) {
		l.bill = func() reasoning.Bill {
			bill := metered.Bill()
			if estimate != nil {
				bill.Difficulty = estimate.Usage
			}
			return bill
		}
	})
	tree := search.New(setup.think(metered), setup.problem(l))
	tree.Observe = l.observe
	spent, err := search.Run(ctx, tree, plan.Strategy)
	outcome.Degraded = append(outcome.Degraded, tree.Faults()...)
	if spent {
		outcome.Stop = StopBudget
	}
	choose(&outcome, tree, plan.Choice)
	return p.ended(ctx, outcome, err)
}

// setup is what a search needs to know of the mesh before it starts.
type setup struct {
	request  Request
	sampling reasoning.Sampling
	policy   reasoning.Model
	judge    *verifier.RewardModel // nil: none, or it does not answer
	profile  *profile.Profile      // of these models; nil: nobody measured them
	memo     *backend.Memoed
	format   template.Template // the policy's, where the request says how it is to think
	degraded []string
}

// prepare asks the mesh which models it has and stacks the search's World: retries
// next to the mesh, what is asked of it traced, what it answered recorded; the meter
// comes around them, when the budget is known, so that a search that is replayed costs
// the same, and how to think around that. A verifier that does not answer is done without, and the outcome says so.
func (p *Planner) prepare(ctx context.Context, r Request, trace func(search.Backend) search.Backend) (setup, error) {
	s := setup{request: r, sampling: r.sampling()}
	var err error
	if s.policy, err = p.cfg.Policy.Model(ctx); err != nil {
		return s, fmt.Errorf("get policy model: %w", err)
	}
	if r.Thinking != nil {
		if s.format, err = r.Thinking.Format(s.policy); err != nil {
			return s, err
		}
	}
	if err := fits(r.Strategy, s.policy); err != nil {
		return s, err
	}
	if p.cfg.Verifier != nil {
		judge, err := p.rewardModel(ctx)
		switch {
		case ctx.Err() != nil:
			return s, context.Cause(ctx)
		case err != nil:
			s.degraded = append(s.degraded, fmt.Sprintf("searched without a verifier: %v", err))
		default:
			s.judge = &judge
		}
	}
	if p.cfg.Profiles != nil {
		s.profile = p.cfg.Profiles.For(s.policy, s.judge)
	}
	identity := backend.Identity{Tenant: r.Tenant, Policy: s.policy}
	if s.judge != nil {
		identity.RewardModel = *s.judge
	}
	store := p.cfg.Store
	if r.NoStore {
		store = backend.NewMemory(noStoreBytes)
	}
	s.memo = backend.Memo(trace(backend.Retry(mesh{p.cfg.Policy, p.cfg.Verifier}, backend.Backoff{})), store, identity)
	return s, nil
}

// noStoreBytes bounds the memory of results that a search keeps for itself alone.
const noStoreBytes = 64 << 20

// fits returns an InvalidError if a strategy tells the policy what its prompt template has
// no place for.
func fits(s search.Strategy, model reasoning.Model) error {
	if !search.GivesFeedback(s) {
		return nil
	}
	if format, err := template.Lookup(model.Template); err != nil || format.BareAttempts {
		return reasoning.Invalid("strategy."+s.Name()+".feedback", "needs a policy whose prompt template asks for a revision in words, such as one of %v; %s has %q",
			template.Commentable(), model.Name, model.Template)
	}
	return nil
}

// judgeModel is the reward model; zero without one.
func (s setup) rewardModel() reasoning.Model {
	if s.judge == nil {
		return reasoning.Model{}
	}
	return s.judge.Model
}

// think is w for a policy that thinks as the request says: outside of the meter, as
// each part of a child is paid by itself.
func (s setup) think(w search.Backend) search.Backend {
	if s.request.Thinking == nil {
		return w
	}
	return backend.Think(w, *s.request.Thinking, s.format)
}

func (s setup) problem(l *live) search.Problem {
	problem := search.Problem{
		Tenant: s.request.Tenant, Search: l.id, Text: s.request.Problem, Seed: *s.request.Seed, Sampling: s.sampling,
		Extract: answer.Extract, Key: answer.Key,
	}
	if s.judge != nil {
		problem.Aggregator = s.judge.Aggregator
	}
	return problem
}

// attendedDelay is how long the queue may take to say whether it is attended: a
// queue that is down does not keep the search from saying so.
const attendedDelay = 250 * time.Millisecond

// sayIfQueued tells clients that nobody pulls jobs at present.
func (p *Planner) sayIfQueued(ctx context.Context, l *live) {
	if p.cfg.Attended == nil {
		return
	}
	ctx, stop := context.WithTimeout(ctx, attendedDelay)
	defer stop()
	if attended, err := p.cfg.Attended(ctx); err == nil && !attended {
		l.notice(NoticeQueued, "no policy worker is pulling jobs: the search is queued until one comes, at the latest until %s", l.request.Deadline.UTC().Format(time.RFC3339))
	}
}

// estimate says how hard the problem is, where the request wants to know or the plan
// depends on it. The samples that it takes go into the memo, free of charge, as the
// search's own. Planned is told the plan that follows from each estimate but the last,
// so that clients see it settle.
func (p *Planner) estimate(ctx context.Context, l *live, s setup, planned func(Plan)) (*difficulty.Estimate, error) {
	r := difficulty.Request{Tenant: l.request.Tenant, Search: l.id, Problem: l.request.Problem, Seed: *l.request.Seed, Sampling: s.sampling}
	asks := s.judge != nil && l.request.Samples >= probeFrom
	if s.profile != nil {
		if asks = s.profile.Asks(l.request.want(time.Now())); asks || l.request.Estimate {
			if err := s.profile.Ask(&r); err != nil {
				return nil, err
			}
		}
	}
	if p.cfg.Difficulty == nil || !l.request.Estimate && (l.request.Strategy != nil || !asks) {
		return nil, nil
	}
	var last *difficulty.Estimate
	for e, err := range p.cfg.Difficulty.Estimate(ctx, r) {
		if err != nil {
			return last, err
		}
		for _, child := range e.New {
			if err := s.memo.Record(s.request.Problem, *s.request.Seed, s.sampling, child); err != nil {
				return last, fmt.Errorf("record a probe's sample: %w", err)
			}
		}
		last = &e
		l.change(func(sequence int64) {
			l.estimate = numbered[*difficulty.Estimate]{&e, sequence}
			l.bill = func() reasoning.Bill { return reasoning.Bill{Difficulty: e.Usage} }
			if l.state == StateQueued {
				l.state = StateRunning
			}
		})
		if !e.Final {
			planned(p.decide(l.request, last, s))
		}
	}
	return last, nil
}
