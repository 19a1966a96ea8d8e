package planner

import (
	"context"
	"fmt"
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
	created time.Time
	run     context.Context // in which it runs, until cancel
	cancel  context.CancelCauseFunc

	// Set before the search runs, and not changed afterwards.
	stored    bool       // the search outlives its planner
	recording *recording // of what the search decides and is answered; nil if it is not stored, or has ended
	history   *history   // of a search that is resumed; nil: it begins here

	waitingForJournal sync.Once     // the notice that the journal does not take records
	nodesKept         int           // nodes in the journal, of a search that ended before the planner started
	accepted          chan struct{} // closed when the search is accepted, or refused
	refused           error         // why it was refused; set before accepted is closed

	restoring     sync.Mutex // held while nodes are restored
	nodesRestored bool

	// Changes are published while the locks of Planner and search.Tree are held, so no other
	// lock may be taken while mu is held.
	mu      sync.Mutex
	view    *state.View
	changed chan struct{} // closed and replaced at each publication
	left    error         // why this planner does not run the search any more, although it has not ended; nil: it does
}

// newLive returns a search that was created at a time, in one of its epochs.
func newLive(id string, r Request, epoch int64, created time.Time, run context.Context, cancel context.CancelCauseFunc) *live {
	l := &live{
		id: id, request: r, digest: r.Digest(), created: created, run: run, cancel: cancel, accepted: make(chan struct{}),
		view: state.NewView(epoch), changed: make(chan struct{}),
	}
	l.publishAt(created, state.Accepted{ID: id, Request: r})
	return l
}

// waitAccepted blocks until the search is accepted. It returns the error of one that is refused.
func (l *live) waitAccepted(ctx context.Context) error {
	select {
	case <-l.accepted:
		return l.refused
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// publish applies changes atomically: a watcher sees all of them or none.
func (l *live) publish(changes ...state.Change) { l.publishAt(time.Now(), changes...) }

// publishAt is publish at a time.
func (l *live) publishAt(now time.Time, changes ...state.Change) {
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
	s := l.view.Search()
	s.Stored, s.Nodes = l.stored, max(s.Nodes, l.nodesKept)
	return s
}

// notice publishes a Notice with a formatted text.
func (l *live) notice(kind NoticeKind, format string, args ...any) {
	l.publish(state.Noticed{Notice: Notice{Kind: kind, Text: fmt.Sprintf(format, args...), Time: time.Now()}})
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
// channel that is closed at the next publication. left is why no other event will follow although
// the search has not ended; nil: one will.
func (l *live) since(after int64) (e Event, more bool, changed <-chan struct{}, left error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, more = l.view.Since(after, state.MaxEventBytes)
	return e, more, l.changed, l.left
}

// watch yields the events after a sequence number, until the search has ended.
func (l *live) watch(ctx context.Context, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, more, changed, left := l.since(after)
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
			case left != nil:
				yield(Event{}, left)
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
