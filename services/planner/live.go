package planner

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/services/planner/state"
)

// A live is a search that can be watched while it changes.
type live struct {
	id      string
	request Request
	digest  string // of the request
	cancel  context.CancelCauseFunc

	// Changes are published while the locks of Planner and search.Tree are held, so no other
	// lock may be taken while mu is held.
	mu      sync.Mutex
	view    *state.View
	changed chan struct{} // closed and replaced at each publication
}

// newLive returns a search that has just been accepted.
func newLive(id string, r Request, cancel context.CancelCauseFunc) *live {
	l := &live{id: id, request: r, digest: r.Digest(), cancel: cancel, view: state.NewView(1), changed: make(chan struct{})}
	l.publish(state.Accepted{ID: id, Request: r})
	return l
}

// publish applies changes atomically: a watcher sees all of them or none.
func (l *live) publish(changes ...state.Change) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		l.view.Apply(c, now)
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// search returns the state of the search.
func (l *live) search() Search {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view.Search()
}

// strategy returns the name of the strategy of the plan or, before there is one, of the request.
func (l *live) strategy() string {
	if p := l.search().Plan; p != nil {
		return p.Strategy.Name()
	}
	return strategyName(l.request.Strategy)
}

// hasNode reports whether the tree has a node, as state.View.HasNode does.
func (l *live) hasNode(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view.HasNode(id)
}

// nodes returns the nodes below a parent and at a depth, as state.View.Nodes does.
func (l *live) nodes(parent string, depth int) []Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view.Nodes(parent, depth)
}

// since returns the event after a sequence number, whether another event follows it, and a
// channel that is closed at the next publication.
func (l *live) since(after int64) (e Event, more bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, more = l.view.Since(after, state.MaxEventBytes)
	return e, more, l.changed
}

// watch yields the events after a sequence number, until the search has ended.
func (l *live) watch(ctx context.Context, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, more, changed := l.since(after)
			if event.Sequence > after {
				if !yield(event, nil) {
					return
				}
				after = event.Sequence
			}
			switch {
			case more:
				continue
			case event.State.Ended():
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(Event{}, context.Cause(ctx))
				return
			}
		}
	}
}

// wait blocks until the search has ended.
func (l *live) wait(ctx context.Context) error {
	for _, err := range l.watch(ctx, l.search().Sequence) {
		if err != nil {
			return err
		}
	}
	return nil
}
