package mux

import (
	"context"
	"sync"
)

// A queue passes items from any goroutine to one, and put never blocks. The callers
// bound its length: it holds the answers of one request, or the requests of one stream.
type queue[T any] struct {
	mu    sync.Mutex
	items []T
	err   error         // returned after the items
	wake  chan struct{} // holds a token after a put or an end
}

func newQueue[T any]() *queue[T] { return &queue[T]{wake: make(chan struct{}, 1)} }

func (q *queue[T]) put(item T) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.signal()
}

// end ends the queue with err, which must not be nil. Only the first end has an effect.
func (q *queue[T]) end(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.mu.Unlock()
	q.signal()
}

// get waits for an item, for the end of the queue or for the end of ctx.
func (q *queue[T]) get(ctx context.Context) (item T, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return item, err
		}
		q.mu.Lock()
		if len(q.items) > 0 {
			item, q.items = q.items[0], q.items[1:]
			q.mu.Unlock()
			return item, nil
		}
		err := q.err
		q.mu.Unlock()
		if err != nil {
			return item, err
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
		}
	}
}

func (q *queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
