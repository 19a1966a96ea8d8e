package policytest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Script is a Policy that returns what its Reply function returns. It is safe for
// concurrent use and starts no goroutine. All children of a request are generated
// concurrently: each takes its own Delay, counted from the start of the request.
type Script struct {
	Reply    func(r policy.Request, ordinal int) Reply // may ignore r.Stop: Expand cuts the child there
	Identity reasoning.Model                           // zero: a model of a million parameters, named "script"
	Can      policy.Capabilities                       // that Model states; Expand ignores them

	mu    sync.Mutex
	calls []*Call
}

// Able are the capabilities of a Script that Steps returns.
var Able = policy.Capabilities{
	Counts: reasoning.SupportYes, LogProbs: reasoning.SupportYes, Continues: reasoning.SupportYes,
	Attempts: reasoning.SupportYes, Stops: reasoning.SupportYes,
}

// Model returns the Identity, or the default one.
func (s *Script) Model(ctx context.Context) (policy.Model, error) {
	id := s.Identity
	if id == (reasoning.Model{}) {
		id = reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}
	}
	return policy.Model{Model: id, Capabilities: s.Can}, ctx.Err()
}

// Calls returns the calls of Expand with a valid request so far, in order of arrival.
func (s *Script) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, c := range s.calls {
		calls[i] = *c
		calls[i].Yielded = slices.Clone(c.Yielded)
	}
	return calls
}

// Expand yields a child for each Reply, in the order of their delays. It reports the progress of
// a child when the child is finished.
func (s *Script) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		model, err := s.Model(ctx)
		if invalid := r.Validate(); invalid != nil {
			err = invalid
		} else if err == nil && !r.Model.Accepts(model.Model) {
			err = fmt.Errorf("%w: want %q, have %q", policy.ErrModel, r.Model.Name, model.Name)
		}
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		call := s.begin(ctx, r)
		err = ErrStoppedEarly // also if Do panics
		defer func() { s.end(call, err) }()

		replies := make([]Reply, len(r.Ordinals))
		for i, ordinal := range r.Ordinals {
			replies[i] = s.Reply(r, ordinal)
			replies[i].Child = cutAt(replies[i].Child, r.Stop)
			replies[i].Child.Ordinal = ordinal
		}
		slices.SortStableFunc(replies, func(a, b Reply) int { return cmp.Compare(a.Delay, b.Delay) })
		start := time.Now()
		for i, reply := range replies {
			cause := wait(ctx, start, reply.Delay)
			if cause == nil && reply.Do != nil {
				reply.Do()
			}
			if cause == nil {
				cause = reply.Err
			}
			if cause != nil {
				err = cause
				var wasted reasoning.Usage
				for _, unfinished := range replies[i:] {
					wasted = wasted.Add(unfinished.Wasted)
				}
				yield(policy.Child{Usage: wasted}, cause)
				return
			}
			child := complete(reply, r, model.Model, i == 0)
			if r.OnProgress != nil {
				r.OnProgress(child.Ordinal, child.Usage)
			}
			if !yield(child, nil) {
				return
			}
			s.record(call, reply.Child.Ordinal)
		}
		err = nil
	}
}

// wait blocks until delay after start and returns nil, or until ctx ends and returns
// its error.
func wait(ctx context.Context, start time.Time, delay time.Duration) error {
	var due <-chan time.Time
	if delay != Never {
		timer := time.NewTimer(time.Until(start.Add(delay)))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	}
	return ctx.Err()
}

func (s *Script) begin(ctx context.Context, r policy.Request) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := &Call{Request: r}
	call.Deadline, _ = ctx.Deadline()
	s.calls = append(s.calls, call)
	return call
}

func (s *Script) record(c *Call, ordinal int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Yielded = append(c.Yielded, ordinal)
}

func (s *Script) end(c *Call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Ended, c.Err = true, err
}
