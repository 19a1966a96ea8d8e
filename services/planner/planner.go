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

// A Planner is the Solver that runs searches. It keeps them in memory.
type Planner struct {
	cfg   Config
	ctx   context.Context // of all searches; Close ends it
	close context.CancelCauseFunc
	busy  sync.WaitGroup

	mu       sync.Mutex
	searches map[string]*live
	order    []string                  // ids, oldest first
	keys     map[idempotencyKey]string // to ids
	active   int                       // number of searches that have not ended
}

// An idempotencyKey is unique within its tenant.
type idempotencyKey struct{ tenant, key string }

// New returns a Planner. Close stops it.
func New(c Config) *Planner {
	ctx, cancel := context.WithCancelCause(context.Background())
	c.Telemetry = c.Telemetry.OrDiscard()
	c.Telemetry.StartCounters(ctx)
	return &Planner{
		cfg: c.withDefaults(), ctx: ctx, close: cancel, searches: map[string]*live{}, keys: map[idempotencyKey]string{},
	}
}

// Close stops all searches and waits for them to end.
func (p *Planner) Close() {
	p.close(ErrClosed)
	p.busy.Wait()
}

// Create implements Solver. The search is traced below ctx's span, with ctx's baggage.
func (p *Planner) Create(ctx context.Context, r Request) (Search, error) {
	r, err := p.accept(ctx, r)
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

// CountRefused counts a request for a search that was refused with err before Create could be called.
func (p *Planner) CountRefused(ctx context.Context, err error) {
	p.cfg.Telemetry.CountRefused(ctx, err)
}

// create returns a new search, or the earlier search with r's idempotency key.
func (p *Planner) create(ctx context.Context, r Request) (*live, error) {
	now := time.Now()
	key, digest := idempotencyKey{r.Tenant, r.IdempotencyKey}, r.Digest()

	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.searches[p.keys[key]]; l != nil {
		if l.digest != digest {
			return nil, fmt.Errorf("%w by search %s with a different request: use a new key", ErrExists, l.id)
		}
		return l, nil
	}
	if err := r.ValidateDeadline(now); err != nil {
		return nil, err
	}
	if err := context.Cause(p.ctx); err != nil {
		return nil, reasoning.Mark(err, reasoning.ErrUnavailable)
	}
	if p.active >= p.cfg.MaxActive {
		return nil, fmt.Errorf("%w: %d searches are running: try again when one has ended", reasoning.ErrOverloaded, p.active)
	}
	if r.Deadline.IsZero() {
		r.Deadline = now.Add(p.cfg.Timeout)
	}
	p.active++
	run := trace.ContextWithSpanContext(p.ctx, trace.SpanContextFromContext(ctx))
	run, cancel := context.WithCancelCause(baggage.ContextWithBaggage(run, baggage.FromContext(ctx)))
	l := newLive(ulid.Make().String(), r, cancel)
	p.searches[l.id] = l
	p.order = append(p.order, l.id)
	if r.IdempotencyKey != "" {
		p.keys[key] = l.id
	}
	p.forgetOldest()
	p.busy.Go(func() {
		defer cancel(nil)
		p.run(run, l)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.active--
	})
	return l, nil
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

// forgetOldest drops the oldest ended searches beyond MaxKept. The caller holds p.mu.
func (p *Planner) forgetOldest() {
	excess := len(p.order) - p.cfg.MaxKept - p.active
	for _, id := range slices.Clone(p.order) {
		if excess <= 0 {
			return
		}
		if l := p.searches[id]; l.search().State.Ended() {
			p.forget(l)
			excess--
		}
	}
}

// forget drops a search and its idempotency key. The caller holds p.mu.
func (p *Planner) forget(l *live) {
	p.order = slices.DeleteFunc(p.order, func(id string) bool { return id == l.id })
	delete(p.searches, l.id)
	if key := (idempotencyKey{l.request.Tenant, l.request.IdempotencyKey}); p.keys[key] == l.id {
		delete(p.keys, key)
	}
}

// find returns a tenant's search.
func (p *Planner) find(ref Ref) (*live, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.searches[ref.ID]; l != nil && l.request.Tenant == ref.Tenant {
		return l, nil
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
	for e, err := range p.estimate(ctx, ulid.Make().String(), r, m, p.stack(r, m, nil).memo) {
		if err != nil {
			return PlanResult{}, err
		}
		result.Estimate, result.Bill.Difficulty = &e, e.Usage
	}
	result.Plan = p.decide(r, result.Estimate, m)
	return result, nil
}
