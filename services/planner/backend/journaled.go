package backend

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Journaled is a Backend that records every answer that its search gets, in the order in which
// the search gets them, and that gives the answers of an earlier run again.
//
// A search is a function of its answers, so that with those of an earlier run it grows the same
// tree as that run did. Until all of them are given, requests that the earlier run had no answer
// for wait: each recorded answer was asked for by a search that knew only the answers before it.
// If some are still left and the search waits, it has diverged: it goes on, and Diverged says so.
type Journaled struct {
	*Memoed
	// Deadline bounds requests that are not answered from the record; zero: nothing does. So a
	// search that is resumed after its deadline still gets all recorded answers. Diverged, if not
	// nil, is called with the number of answers that are left when the search has diverged. Both
	// must be set before the first call.
	Deadline time.Time
	Diverged func(left int)

	answered func(Answer)
	live     chan struct{} // closed when all recorded answers are given, or the search has diverged

	mu      sync.Mutex
	answers map[AnswerKey][]numbered // of the earlier run, not given yet
	left    int                      // how many of them the search must ask for
	moved   time.Time                // when an answer was last given
}

// A numbered is an answer with its place in the record.
type numbered struct {
	Answer
	number int
}

// divergence is how long a search may wait without asking for any recorded answer before it
// counts as diverged.
const divergence = 30 * time.Second

// Journal returns a Backend that calls record with each answer of m before it gives it, and gives
// the recorded answers of an earlier run again, without calling record. m gets these, too, so that
// it has what it had in that run. record must not block.
func Journal(m *Memoed, recorded []Answer, record func(Answer)) *Journaled {
	j := &Journaled{Memoed: m, answered: record, live: make(chan struct{}), answers: map[AnswerKey][]numbered{}, moved: time.Now()}
	for i, a := range recorded {
		j.answers[a.Request] = append(j.answers[a.Request], numbered{a, i})
		if !a.usageOnly() {
			j.left++
		}
	}
	if j.left == 0 {
		close(j.live)
	}
	return j
}

// usageOnly reports whether a is the usage of a request that was called off.
func (a Answer) usageOnly() bool { return a.Child == nil && a.Scores == nil && a.Failure == nil }

// Live returns a channel that is closed when no recorded answer is left, or the search has
// diverged.
func (j *Journaled) Live() <-chan struct{} { return j.live }

// Left returns the number of recorded answers that the search has not asked for.
func (j *Journaled) Left() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.left
}

// take removes the oldest recorded answer of each key. It returns them in the order of the record,
// the indices of the keys that have none, and the cost of requests that were called off.
func (j *Journaled) take(keys []AnswerKey) (given []numbered, missing []int, wasted reasoning.Cost) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, key := range keys {
		found := false
		for queue := j.answers[key]; len(queue) > 0 && !found; {
			a := queue[0]
			queue = queue[1:]
			j.answers[key] = queue
			if a.usageOnly() {
				wasted = wasted.Add(a.cost().EndedBy(context.Canceled))
				continue
			}
			given, found = append(given, a), true
			j.left--
			if j.left == 0 {
				j.goLive()
			}
		}
		if !found {
			missing = append(missing, i)
		}
	}
	if len(given) > 0 {
		j.moved = time.Now()
	}
	slices.SortFunc(given, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	return given, missing, wasted
}

// goLive lets the waiting calls go on. The caller holds j.mu.
func (j *Journaled) goLive() {
	select {
	case <-j.live:
	default:
		close(j.live)
	}
}

// await waits until no recorded answer is left. It finds out that the search has diverged: if
// nothing was given for a while and this call waits, others wait for it.
func (j *Journaled) await(ctx context.Context) error {
	for wait := divergence; ; {
		timer := time.NewTimer(wait)
		select {
		case <-j.live:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
			wait = j.checkDivergence()
		}
	}
}

// checkDivergence declares the search diverged if no answer was given for a while. It returns how
// long to wait before it is called again.
func (j *Journaled) checkDivergence() time.Duration {
	j.mu.Lock()
	idle := time.Since(j.moved)
	if idle < divergence || j.left == 0 {
		j.mu.Unlock()
		return divergence - min(idle, divergence) + time.Millisecond
	}
	left := j.left
	select {
	case <-j.live:
		left = 0 // another call has found it
	default:
		close(j.live)
	}
	j.mu.Unlock()
	if left > 0 && j.Diverged != nil {
		j.Diverged(left)
	}
	return divergence
}

// bounded returns ctx with the deadline.
func (j *Journaled) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if j.Deadline.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, j.Deadline)
}

// Expand implements search.Backend. It yields the recorded children first, in the order of the
// record, and then requests the others together.
func (j *Journaled) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if r.Validate() != nil {
			j.Memoed.Expand(ctx, r)(yield) // returns the error
			return
		}
		keys := childKeys(r)
		given, missing, wasted := j.take(keys)
		var failed *Answer
		for _, a := range given {
			if a.Failure != nil {
				wasted = wasted.Add(a.cost().EndedBy(a.Failure))
				failed = &a.Answer
				continue
			}
			j.notice(j.Memoed.record(ctx, j.store, j.prefixKey(r), r, *a.Child))
			if !yield(*a.Child, nil) {
				return
			}
		}
		if len(missing) > 0 {
			if err := j.await(ctx); err != nil {
				yield(policy.Child{}.WithCost(wasted), err)
				return
			}
			if !j.expand(ctx, r, keys, missing, &wasted, yield) {
				return
			}
		}
		if failed != nil {
			yield(policy.Child{}.WithCost(wasted), failed.err())
		}
	}
}

// expand requests the children with these indices, and records what the policy answers. It adds
// wasted, the cost of earlier requests for them, to that of the first child. It returns false if
// nothing may be yielded after it.
func (j *Journaled) expand(
	ctx context.Context, r policy.Request, keys []AnswerKey, missing []int, wasted *reasoning.Cost,
	yield func(policy.Child, error) bool,
) bool {
	keyOf, ordinals := map[int]AnswerKey{}, make([]int, len(missing))
	for i, index := range missing {
		ordinals[i] = r.Ordinals[index]
		keyOf[ordinals[i]] = keys[index]
	}
	r.Ordinals = ordinals
	ctx, stop := j.bounded(ctx)
	defer stop()
	for child, err := range j.Memoed.Expand(ctx, r) {
		if err != nil {
			j.recordFailure(ctx, r, keyOf, child.Cost().EndedBy(err), err)
			yield(child.WithCost(child.Cost().EndedBy(err).Add(*wasted)), err)
			return false
		}
		if key, ok := keyOf[child.Ordinal]; ok {
			delete(keyOf, child.Ordinal)
			own := child // without wasted, which is recorded already
			j.answered(Answer{Request: key, Child: &own})
		}
		child, *wasted = child.WithCost(child.Cost().Add(*wasted)), reasoning.Cost{}
		if !yield(child, nil) {
			return false
		}
	}
	return true
}

// recordFailure records that a request failed, for each child that has not arrived; the first has
// the cost. Of a request that was called off it records only the cost.
func (j *Journaled) recordFailure(
	ctx context.Context, r policy.Request, keyOf map[int]AnswerKey, cost reasoning.Cost, err error,
) {
	for _, ordinal := range r.Ordinals {
		key, ok := keyOf[ordinal]
		if !ok {
			continue
		}
		a := Answer{Request: key}.withCost(cost)
		if !calledOff(ctx, err) {
			a.Failure = failureOf(err)
		}
		if a.Failure != nil || cost != (reasoning.Cost{}) {
			j.answered(a)
		}
		cost = reasoning.Cost{}
	}
}

// Score implements search.Backend.
func (j *Journaled) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	key := scoreKey(r)
	given, _, _ := j.take([]AnswerKey{key})
	if len(given) > 0 {
		a := given[0].Answer
		if a.Failure != nil {
			return verifier.Failed(a.cost(), a.Failure), a.err()
		}
		j.notice(save(ctx, j.store, j.pathKey(r.Problem, r.Steps), &scored{a.Scores, a.Usage, a.Waste, a.Unknown}))
		return verifier.Result{Scores: a.Scores}.WithCost(a.cost()), nil
	}
	if err := j.await(ctx); err != nil {
		return verifier.Result{}, err
	}
	ctx, stop := j.bounded(ctx)
	defer stop()
	result, err := j.Memoed.Score(ctx, r)
	switch {
	case err == nil:
		j.answered(Answer{Request: key, Scores: result.Scores}.withCost(result.Cost()))
	case !calledOff(ctx, err):
		j.answered(Answer{Request: key, Failure: failureOf(err)}.withCost(result.Cost().EndedBy(err)))
	}
	return result, err
}
