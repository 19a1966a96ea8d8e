// Package planner is the service that solves problems: it estimates difficulty, plans,
// searches, and chooses an answer.
//
// [Solver] is the service's interface. [Planner] and plannerrpc.Client, its gRPC client,
// implement it. A Planner takes any implementation of a policy, a verifier and a difficulty
// estimator. The strategies are in package search; the decorators of policy and verifier
// (retries, budget, memo, thinking) are in package backend.
package planner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Planner is the Solver that runs searches. It keeps them in memory and, with a Config.Journal,
// in a journal, from which Resume continues them after a restart.
type Planner struct {
	cfg   Config
	ctx   context.Context // of all searches; Close ends it
	close context.CancelCauseFunc
	busy  sync.WaitGroup

	mu       sync.Mutex
	searches map[string]*live
	order    []string                 // ids, oldest first
	keys     map[idempotencyKey]*live // of searches, and of those that are not accepted yet
	active   int                      // number of searches that have not ended
	resumed  bool                     // Resume has succeeded
}

// An idempotencyKey is unique within its tenant.
type idempotencyKey struct{ tenant, key string }

// New returns a Planner. Close stops it.
func New(c Config) *Planner {
	ctx, cancel := context.WithCancelCause(context.Background())
	c.Telemetry = c.Telemetry.OrDiscard()
	c.Telemetry.StartCounters(ctx)
	return &Planner{
		cfg: c.withDefaults(), ctx: ctx, close: cancel, searches: map[string]*live{}, keys: map[idempotencyKey]*live{},
	}
}

// Close stops all searches and waits for them to end. Those in a journal do not end: a Planner that
// resumes them continues them.
func (p *Planner) Close() {
	p.close(ErrClosed)
	p.mu.Lock() // a search that is being admitted has been added to busy by now
	active := p.active
	p.mu.Unlock()
	if active > 0 {
		p.cfg.Log.Info("planner stops", "searches", active)
	}
	p.busy.Wait()
}

// Create implements Solver. The search is traced below ctx's span, with ctx's baggage.
func (p *Planner) Create(ctx context.Context, r Request) (Search, error) {
	r, err := p.accept(ctx, r)
	if err == nil && !p.kept(r) { // a retry gets its search whatever the models can do now
		err = p.checkCapabilities(ctx, r)
	}
	var l *live
	if err == nil {
		l, err = p.create(ctx, r)
	}
	if err != nil {
		p.CountRefused(ctx, err)
		return Search{}, err
	}
	return l.search(), nil
}

// kept reports whether the planner has a search with r's idempotency key.
func (p *Planner) kept(r Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return r.IdempotencyKey != "" && p.keys[idempotencyKey{r.Tenant, r.IdempotencyKey}] != nil
}

// CountRefused counts a request for a search that was refused with err before Create could be called.
func (p *Planner) CountRefused(ctx context.Context, err error) {
	p.cfg.Telemetry.CountRefused(ctx, err)
}

// create returns a new search, or the earlier search with r's idempotency key.
func (p *Planner) create(ctx context.Context, r Request) (*live, error) {
	l, isNew, err := p.admit(ctx, r)
	if err != nil {
		return nil, err
	}
	if isNew {
		p.begin(ctx, l)
	}
	if err := l.waitAccepted(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// admit returns the search of r's idempotency key, or a new one for which there is a place.
func (p *Planner) admit(ctx context.Context, r Request) (l *live, isNew bool, err error) {
	now := time.Now()
	key := idempotencyKey{r.Tenant, r.IdempotencyKey}

	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.keys[key]; l != nil && r.IdempotencyKey != "" {
		if l.digest != r.Digest() {
			return nil, false, fmt.Errorf("%w by search %s with a different request: use a new key", ErrExists, l.id)
		}
		return l, false, l.whyLeft()
	}
	if err := r.ValidateDeadline(now); err != nil {
		return nil, false, err
	}
	if err := context.Cause(p.ctx); err != nil {
		return nil, false, reasoning.Mark(err, reasoning.ErrUnavailable)
	}
	if err := p.checkResumed(); err != nil {
		return nil, false, err
	}
	if p.active >= p.cfg.MaxActive {
		return nil, false, fmt.Errorf("%w: %d searches are running: try again when one has ended", reasoning.ErrOverloaded, p.active)
	}
	if r.Deadline.IsZero() {
		r.Deadline = now.Add(p.cfg.Timeout)
	}
	run := trace.ContextWithSpanContext(p.ctx, trace.SpanContextFromContext(ctx))
	run, cancel := context.WithCancelCause(baggage.ContextWithBaggage(run, baggage.FromContext(ctx)))
	l = newLive(ulid.Make().String(), r, 1, now, run, cancel)
	p.active++
	p.busy.Add(1)
	if r.IdempotencyKey != "" {
		p.keys[key] = l
	}
	return l, true, nil
}

// begin writes a new search to the journal, if there is one, and starts it. It closes l.accepted.
func (p *Planner) begin(ctx context.Context, l *live) {
	defer close(l.accepted)
	if p.cfg.Journal != nil && !l.request.NoStore {
		l.stored = true
		l.refused = p.acceptDurably(ctx, l)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.refused != nil {
		l.cancel(nil)
		p.active--
		p.busy.Done()
		p.forget(l)
		return
	}
	p.add(l)
	p.forgetOldest()
	p.start(l)
}

// add adds a search that is accepted. The caller holds p.mu.
func (p *Planner) add(l *live) {
	p.searches[l.id] = l
	p.order = append(p.order, l.id)
	if key := l.request.IdempotencyKey; key != "" {
		p.keys[idempotencyKey{l.request.Tenant, key}] = l
	}
}

// start runs a search that is added, and counted in p.active and p.busy, to its end.
func (p *Planner) start(l *live) {
	go func() {
		defer p.busy.Done()
		defer l.cancel(nil)
		p.runSearch(l.run, l)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.active--
	}()
}

// accept returns r with its defaults, or an error if r breaks a rule. It does not check the
// deadline.
func (p *Planner) accept(ctx context.Context, r Request) (Request, error) {
	given := r
	r = r.WithDefaults(p.cfg.Sampling)
	if err := r.Validate(); err != nil {
		return r, err
	}
	if err := given.ValidateEffect(); err != nil {
		return r, err
	}
	if p.cfg.Verifier == nil && (r.Strategy != nil && r.Strategy.NeedsVerifier() || r.Choice != nil && r.Choice.NeedsScores()) {
		return r, fmt.Errorf("%w: use a strategy that needs none (greedy, majority, revisions with no_verifier) "+
			"and a choice that needs none (majority, certainty-max, certainty-vote)", ErrNoVerifier)
	}
	return p.resolveModels(ctx, r)
}

// forgetOldest drops the oldest searches that do not run any more beyond MaxKept. The caller holds p.mu.
func (p *Planner) forgetOldest() {
	excess := len(p.order) - p.cfg.MaxKept - p.active
	for _, id := range slices.Clone(p.order) {
		if excess <= 0 {
			return
		}
		l := p.searches[id]
		switch {
		case l.search().State.Ended():
			p.deleteLogLater(l)
		case l.whyLeft() == nil: // it runs
			continue
		}
		p.forget(l)
		excess--
	}
}

// forget drops a search and its idempotency key. The caller holds p.mu.
func (p *Planner) forget(l *live) {
	p.order = slices.DeleteFunc(p.order, func(id string) bool { return id == l.id })
	delete(p.searches, l.id)
	if key := (idempotencyKey{l.request.Tenant, l.request.IdempotencyKey}); p.keys[key] == l {
		delete(p.keys, key)
	}
}

// find returns a tenant's search.
func (p *Planner) find(ref Ref) (*live, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.searches[ref.ID]; l != nil && l.request.Tenant == ref.Tenant {
		return l, l.whyLeft()
	}
	if err := p.checkResumed(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: %q", ErrNotFound, ref.ID)
}

// Get implements Solver.
func (p *Planner) Get(_ context.Context, ref Ref) (Search, error) {
	l, err := p.find(ref)
	if err != nil {
		return Search{}, err
	}
	return l.search(), nil
}

// Watch implements Solver.
func (p *Planner) Watch(ctx context.Context, ref Ref, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		l, err := p.find(ref)
		if err == nil {
			err = p.restoreNodes(ctx, l)
		}
		if err == nil {
			if last := l.search().Sequence; after < 0 || after > last {
				err = reasoning.Invalid("after_sequence", "must be 0 to %d, the sequence of the search, is %d", last, after)
			}
		}
		if err != nil {
			yield(Event{}, err)
			return
		}
		l.watch(ctx, after)(yield)
	}
}

// Wait implements Solver.
func (p *Planner) Wait(ctx context.Context, ref Ref, timeout time.Duration) (Search, error) {
	l, err := p.find(ref)
	if err != nil {
		return Search{}, err
	}
	if timeout < 0 {
		return Search{}, reasoning.Invalid("timeout", "must not be negative, is %v", timeout)
	}
	waiting, stop := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer stop()
	if err := l.wait(waiting); err != nil && !errors.Is(err, errTimeout) {
		return Search{}, err
	}
	return l.search(), nil
}

// errTimeout ends a Wait whose timeout has passed.
var errTimeout = errors.New("timeout of Wait")

// Cancel implements Solver.
func (p *Planner) Cancel(ctx context.Context, ref Ref) (Search, error) {
	l, err := p.find(ref)
	if err != nil {
		return Search{}, err
	}
	l.cancel(ErrCancelled)
	if err := l.wait(ctx); err != nil {
		return Search{}, err
	}
	return l.search(), nil
}

// Delete implements Solver.
func (p *Planner) Delete(ctx context.Context, ref Ref) error {
	if _, err := p.Cancel(ctx, ref); err != nil {
		return err
	}
	l, err := p.find(ref)
	if err == nil {
		err = p.deleteLog(ctx, l)
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(l)
	return nil
}

// Plan implements Solver.
func (p *Planner) Plan(ctx context.Context, r Request) (PlanResult, error) {
	now := time.Now()
	r, err := p.accept(ctx, r)
	if err == nil {
		err = r.ValidateDeadline(now)
	}
	if err != nil {
		return PlanResult{}, err
	}
	if r.Deadline.IsZero() {
		r.Deadline = now.Add(p.cfg.Timeout)
	}
	ctx, stop := context.WithDeadline(ctx, r.Deadline)
	defer stop()
	m, err := p.getModels(ctx, r)
	if err != nil {
		return PlanResult{}, err
	}
	var result PlanResult
	var cost reasoning.Cost
	for e, err := range p.estimate(ctx, ulid.Make().String(), r, m, p.stack(r, m, nil).memo) {
		if err != nil {
			return PlanResult{}, reasoning.WithCost(err, cost.Add(e.Cost()))
		}
		result.Estimate, cost = &e, e.Cost()
	}
	result.Bill.AddDifficulty(cost)
	result.Plan = p.decide(r, result.Estimate, m)
	return result, nil
}
