package planner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/state"
)

// Resume continues the searches in the journal that have not ended, and keeps those that have.
// Before it has succeeded, the Planner accepts and knows no search. It returns an error if the
// journal cannot be read: call it again. A log that no attempt can read is left in the journal and
// reported, and the other searches are resumed.
//
// Only one Planner at a time may use a journal: another one that resumes takes its searches over.
func (p *Planner) Resume(ctx context.Context) error {
	if p.cfg.Journal == nil {
		return nil
	}
	keys, err := p.cfg.Journal.List(ctx, "")
	if err != nil {
		return fmt.Errorf("resume searches: %w", err)
	}
	slices.SortFunc(keys, func(a, b journal.Key) int { return cmp.Compare(a.Search, b.Search) }) // by time of creation
	var failed error
	for _, key := range keys {
		err := p.resume(ctx, key)
		switch {
		case err == nil:
		case ctx.Err() != nil || reasoning.Transient(err):
			failed = fmt.Errorf("resume search %s: %w", key.Search, err)
		default:
			p.cfg.Log.ErrorContext(ctx, "search not resumed: it stays in the journal", "search", key.Search, "error", err)
		}
	}
	if failed != nil {
		return failed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resumed = true
	return nil
}

// Resumed is a readiness check: it returns nil once Resume has succeeded, or if there is no
// journal.
func (p *Planner) Resumed(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.checkResumed()
}

// checkResumed is Resumed. The caller holds p.mu.
func (p *Planner) checkResumed() error {
	if p.resumed || p.cfg.Journal == nil {
		return nil
	}
	return errNotResumed
}

// errNotResumed is the error of requests before Resume has succeeded.
var errNotResumed = reasoning.NewError(reasoning.KindUnavailable, "PLANNER_RESUMING", "the planner is reading its journal: try again")

// resume continues a search, or keeps it if it has ended.
func (p *Planner) resume(ctx context.Context, key journal.Key) error {
	p.mu.Lock()
	known := p.searches[key.Search] != nil
	p.mu.Unlock()
	if known {
		return nil
	}
	log, records, err := p.cfg.Journal.Open(ctx, key)
	if err != nil || len(records) == 0 {
		return err
	}
	h, err := readHistory(records)
	if err != nil {
		return err
	}
	if h.ended != nil {
		p.keep(h)
		return nil
	}
	h.epoch++
	claimed, err := entryOf(kindClaimed, claimedRecord{h.epoch})
	if err == nil {
		err = log.Append(ctx, claimed)
	}
	switch {
	case errors.Is(err, journal.ErrFenced): // another planner has resumed it
		return nil
	case errors.Is(err, journal.ErrFull): // the log keeps the entry, and writes it when there is space
	case err != nil:
		return err
	}
	run, cancel := context.WithCancelCause(withTrace(p.ctx, h.accepted.Trace))
	l := newLive(h.accepted.ID, h.request, h.epoch, h.accepted.Created, run, cancel)
	l.history = &h
	close(l.accepted)
	p.record(l, log)
	l.stored = true
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active++
	p.busy.Add(1)
	p.add(l)
	p.start(l)
	return nil
}

// keep adds a search that has ended. Its nodes stay in the journal: see restoreNodes.
func (p *Planner) keep(h history) {
	l := newLive(h.accepted.ID, h.request, h.epoch+1, h.accepted.Created, p.ctx, func(error) {})
	l.stored, l.nodesKept = true, h.ended.Nodes
	close(l.accepted)
	l.publishAt(h.ended.Ended, h.changes(nil)...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(l)
	p.forgetOldest()
}

// changes returns the changes of a search that has ended, after its acceptance.
func (h history) changes(nodes []state.Change) (changes []state.Change) {
	if h.estimate != nil {
		changes = append(changes, state.Estimated{Estimate: *h.estimate})
	}
	if h.plan != nil {
		changes = append(changes, state.Planned{Plan: *h.plan})
	}
	changes = append(changes, nodes...)
	return append(changes, state.Billed{Bill: h.ended.Bill}, state.Ended{State: h.ended.State, Outcome: h.ended.outcome()})
}

// bound returns the context in which the search runs. It ends at the deadline of the search; that
// of a search with recorded answers ends by r.expire.
func (r *run) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline := r.live.request.Deadline
	if h := r.live.history; h == nil || len(h.answers) == 0 {
		return context.WithDeadline(ctx, deadline)
	}
	ctx, r.expire = context.WithCancelCause(ctx)
	return ctx, func() { r.expire(nil) }
}

// expireWhen ends the search at its deadline, but not before it has all recorded answers: live is
// closed then.
func (r *run) expireWhen(ctx context.Context, live <-chan struct{}) {
	select {
	case <-live:
	case <-ctx.Done():
		return
	}
	timer := time.NewTimer(time.Until(r.live.request.Deadline))
	defer timer.Stop()
	select {
	case <-timer.C:
		r.expire(context.DeadlineExceeded)
	case <-ctx.Done():
	}
}

// decideModels returns the models that the search uses: those that it used before, if it is
// resumed.
func (r *run) decideModels(ctx context.Context) (m models, err error) {
	request := r.live.request
	h := r.live.history
	if h == nil || h.models == nil {
		if m, err = r.getModels(ctx, request); err == nil {
			r.live.recording.add(kindModels, newModelsRecord(m))
		}
		return m, err
	}
	if m, err = h.savedModels(); err == nil {
		m.profile = r.cfg.profileOf(m)
	}
	return m, err
}

// savedModels returns the models that the search used, without their profile.
func (h history) savedModels() (m models, err error) {
	m = h.models.models()
	if h.request.Thinking != nil {
		m.format, err = h.request.Thinking.Format(m.policy.Model)
	}
	return m, err
}

// estimates yields estimates of the difficulty: the one that was recorded, if the search is
// resumed.
func (r *run) estimates(ctx context.Context, m models, s stack) iter.Seq2[difficulty.Estimate, error] {
	h := r.live.history
	switch {
	case h != nil && h.estimate != nil:
		return func(yield func(difficulty.Estimate, error) bool) {
			yield(*h.estimate, recordSamples(ctx, s.memo, estimateRequest(r.live.id, r.live.request), *h.estimate))
		}
	case h != nil && h.plan != nil:
		return func(func(difficulty.Estimate, error) bool) {}
	}
	return r.estimate(ctx, r.live.id, r.live.request, m, s.memo)
}

// recordEstimate records the samples of an estimate, and the estimate if it is the final one.
func (r *run) recordEstimate(e difficulty.Estimate) {
	if h := r.live.history; h != nil && h.estimate != nil {
		return
	}
	for _, child := range e.New {
		r.live.recording.add(kindSample, child)
	}
	if e.New = nil; e.Final {
		r.live.recording.add(kindEstimate, e)
	}
}

// decidePlan returns the plan: the one that the search had before, if it is resumed.
func (r *run) decidePlan(estimate *difficulty.Estimate, m models) Plan {
	if h := r.live.history; h != nil && h.plan != nil {
		return *h.plan
	}
	plan := r.decide(r.live.request, estimate, m)
	r.live.recording.add(kindPlan, recordPlan(plan))
	return plan
}

// checkReplay reports a search that ended without asking for all recorded answers.
func (r *run) checkReplay(j *backend.Journaled, err error) {
	if j == nil || err != nil {
		return
	}
	if left := j.Left(); left > 0 {
		r.diverged(left)
	}
}

// diverged reports that a resumed search did not ask for some recorded answers.
func (r *run) diverged(left int) {
	r.notice(NoticeDegraded, "the resumed search differs from what it was before: %d recorded answers are not used", left)
	r.cfg.Log.Error("a resumed search diverged: report it with the log of the search", "search", r.live.id, "answers", left)
}
