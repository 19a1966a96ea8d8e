// Package planner is the service that solves problems: it estimates difficulty,
// plans, searches, and chooses an answer.
//
// It takes a policy, a verifier and a difficulty estimator; which bodies they are
// it does not know. The ways to search are in package search, what is wrapped
// around the mesh for them (retries, budget, memo, traces) in package world. A search
// outlives the call that started it: clients follow it from any sequence number.
package planner

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Config is what a Planner is made of. Zero values of what follows Solo have
// useful defaults.
type Config struct {
	Policy     policy.Policy
	Verifier   verifier.Verifier    // nil: only strategies and choices that need none
	Difficulty difficulty.Estimator // nil: difficulty is not estimated
	Profiles   Profiles             // of models that were measured; nil: none
	Store      backend.Store        // of recorded results
	Solo       bool                 // bill each search as if it ran alone: see backend.Solo
	Telemetry  *telemetry.Instruments

	// Attended says whether any worker pulls the policy's jobs; nil where there is no
	// queue.
	Attended func(context.Context) (bool, error)
	// CancelJobs stops all jobs of a search, queued and running; nil where there is
	// no queue.
	CancelJobs func(ctx context.Context, search string) error

	Sampling        reasoning.Sampling // defaults of requests
	Timeout         time.Duration      // of a search whose request has no deadline
	MaxActive       int                // searches at a time; more are refused
	MaxKept         int                // ended searches that stay readable
	VerifierTimeout time.Duration      // how long to wait for the verifier to say what it is before doing without
}

// Profiles are what was measured, such as a profile.Shelf.
type Profiles interface {
	// For is the profile of a policy with a verifier, nil is without one; nil if nobody
	// measured them.
	For(policy reasoning.Model, judge *verifier.RewardModel) *profile.Profile
}

// Errors of a Planner beside those of package reasoning.
var (
	ErrNotFound = reasoning.NewError(reasoning.KindNotFound, "SEARCH_NOT_FOUND", "no such search")
	// ErrExists is a request with the idempotency key of a different one.
	ErrExists = reasoning.NewError(reasoning.KindExists, "IDEMPOTENCY_KEY_IN_USE", "idempotency key in use")
	// ErrNoVerifier is a request that needs a verifier where there is none.
	ErrNoVerifier = reasoning.NewError(reasoning.KindPrecondition, "NO_VERIFIER", "no verifier configured")
	// ErrCancelled is the cause of a search's end when a client cancelled it.
	ErrCancelled = reasoning.NewError(reasoning.KindCancelled, "CANCELLED_BY_CLIENT", "cancelled by a client")
	// ErrClosed is the cause of a search's end when the planner stops.
	ErrClosed = reasoning.NewError(reasoning.KindUnavailable, "PLANNER_STOPPING", "planner stopping")
)

// A Planner solves problems. It is safe for concurrent use.
type Planner struct {
	Config
	ctx   context.Context // of all searches
	close context.CancelCauseFunc
	busy  sync.WaitGroup

	mu       sync.Mutex
	searches map[string]*live
	order    []string         // ids, oldest first
	keys     map[owned]string // idempotency key → id
	active   int
}

// New is a planner. Close stops it.
func New(c Config) *Planner {
	c.Sampling.TopP = orElse(c.Sampling.TopP, 1)
	c.Sampling.MaxTokens = orElse(c.Sampling.MaxTokens, 2048)
	c.Timeout = orElse(c.Timeout, 10*time.Minute)
	c.MaxActive = orElse(c.MaxActive, 256)
	c.MaxKept = orElse(c.MaxKept, 1000)
	c.VerifierTimeout = orElse(c.VerifierTimeout, 500*time.Millisecond)
	if c.Store == nil {
		c.Store = backend.NewMemory(64 << 20)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Planner{Config: c, ctx: ctx, close: cancel, searches: map[string]*live{}, keys: map[owned]string{}}
}

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Close stops all searches and waits for them to end.
func (p *Planner) Close() {
	p.close(ErrClosed)
	p.busy.Wait()
}

// An owned is an idempotency key: each tenant has its own.
type owned struct{ tenant, key string }

// Start accepts a search, or follows the one that has its idempotency key, and
// returns its id. It does not wait. The search is traced below ctx's span but does
// not end with ctx.
func (p *Planner) Start(ctx context.Context, r Request) (id string, err error) {
	now := time.Now()
	if r, err = p.accept(r, now); err != nil {
		return "", err
	}
	key := owned{r.Tenant, r.IdempotencyKey}

	p.mu.Lock()
	defer p.mu.Unlock()
	if err := context.Cause(p.ctx); err != nil {
		return "", fmt.Errorf("%w: %w", reasoning.ErrUnavailable, err)
	}
	if id, ok := p.keys[key]; ok && r.IdempotencyKey != "" {
		if !r.same(p.searches[id].request) {
			return "", fmt.Errorf("%w by search %s with a different request", ErrExists, id)
		}
		return id, nil
	}
	if p.active >= p.MaxActive {
		return "", fmt.Errorf("%w: %d searches are running", reasoning.ErrOverloaded, p.active)
	}
	p.active++
	id = ulid.Make().String()
	run, cancel := context.WithCancelCause(trace.ContextWithSpanContext(p.ctx, trace.SpanContextFromContext(ctx)))
	l := newLive(id, r, now, cancel)
	p.searches[id] = l
	p.order = append(p.order, id)
	if r.IdempotencyKey != "" {
		p.keys[key] = id
	}
	p.forget()
	p.busy.Go(func() {
		defer cancel(nil)
		p.run(run, l)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.active--
	})
	return id, nil
}

// accept fills in the defaults of a request and refuses it if it breaks a rule.
func (p *Planner) accept(r Request, now time.Time) (Request, error) {
	if r.Samples == 0 && (r.Effort != 0 || r.Budget == backend.Budget{}) {
		r.Samples = samplesOf[orElse(r.Effort, EffortMedium)]
	}
	r.Effort = orElse(r.Effort, EffortMedium)
	r.Seed = orElse(r.Seed, 1)
	if err := r.validate(now, p.Sampling); err != nil {
		return r, err
	}
	if p.Verifier == nil && (r.Strategy != nil && r.Strategy.NeedsVerifier() || r.Choice != nil && r.Choice.NeedsScores()) {
		return r, fmt.Errorf("%w: strategy and choice must need none: use strategy greedy or majority, and choice majority", ErrNoVerifier)
	}
	if r.Deadline.IsZero() {
		r.Deadline = now.Add(p.Timeout)
	}
	return r, nil
}

// forget drops the oldest ended searches beyond MaxKept. The caller holds p.mu.
func (p *Planner) forget() {
	excess := len(p.order) - p.MaxKept - p.active
	p.order = slices.DeleteFunc(p.order, func(id string) bool {
		l := p.searches[id]
		if excess <= 0 || !l.status().State.Ended() {
			return false
		}
		excess--
		delete(p.searches, id)
		delete(p.keys, owned{l.request.Tenant, l.request.IdempotencyKey})
		return true
	})
}

// find is a tenant's search; another tenant's is not found.
func (p *Planner) find(tenant, id string) (*live, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.searches[id]; l != nil && l.request.Tenant == tenant {
		return l, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
}

// Get is a search as it stands.
func (p *Planner) Get(tenant, id string) (Status, error) {
	l, err := p.find(tenant, id)
	if err != nil {
		return Status{}, err
	}
	return l.status(), nil
}

// List is a tenant's searches, newest first, older than one of them ("" for all),
// at most n.
func (p *Planner) List(tenant, olderThan string, n int) []Status {
	p.mu.Lock()
	var found []*live
	for _, id := range slices.Backward(p.order) {
		if l := p.searches[id]; l.request.Tenant == tenant && len(found) < n && (olderThan == "" || id < olderThan) {
			found = append(found, l)
		}
	}
	p.mu.Unlock()
	var list []Status
	for _, l := range found {
		list = append(list, l.status())
	}
	return list
}

// Nodes is the nodes of a search below a parent and at a depth ("" and 0 for all),
// parents before children.
func (p *Planner) Nodes(tenant, id, parent string, depth int) ([]Node, error) {
	l, err := p.find(tenant, id)
	if err != nil {
		return nil, err
	}
	return l.list(parent, depth), nil
}

// Watch yields what changes in a search after a sequence number until it has ended:
// no change is missed, none comes twice, and exactly one event, the last, has an
// outcome. A watcher that is slow gets fewer and larger events.
func (p *Planner) Watch(ctx context.Context, tenant, id string, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		l, err := p.find(tenant, id)
		if err == nil {
			if last := l.status().Sequence; after < 0 || after > last {
				err = reasoning.Invalid("after_sequence", "must be 0 to %d, is %d", last, after)
			}
		}
		if err != nil {
			yield(Event{}, err)
			return
		}
		l.watch(ctx, after, time.Now)(yield)
	}
}

// Cancel stops a search and returns it as it is after that. Cancelling an ended
// search changes nothing.
func (p *Planner) Cancel(ctx context.Context, tenant, id string) (Status, error) {
	l, err := p.find(tenant, id)
	if err != nil {
		return Status{}, err
	}
	l.cancel(ErrCancelled)
	for event, err := range l.watch(ctx, l.status().Sequence, time.Now) {
		if err != nil {
			return Status{}, err
		}
		if event.State.Ended() {
			break
		}
	}
	return l.status(), nil
}

// Plan says what Start would do with a request, and why. It pays for the estimate of
// difficulty, which is nil where the plan does not depend on it.
func (p *Planner) Plan(ctx context.Context, r Request) (Plan, *difficulty.Estimate, error) {
	r, err := p.accept(r, time.Now())
	if err != nil {
		return Plan{}, nil, err
	}
	ctx, stop := context.WithDeadline(ctx, r.Deadline)
	defer stop()
	setup, err := p.prepare(ctx, r, func(w search.Backend) search.Backend { return w })
	if err != nil {
		return Plan{}, nil, err
	}
	l := newLive(ulid.Make().String(), r, time.Now(), func(error) {})
	estimate, err := p.estimate(ctx, l, setup, func(Plan) {})
	if err != nil {
		return Plan{}, nil, err
	}
	return p.decide(r, estimate, setup), estimate, nil
}
