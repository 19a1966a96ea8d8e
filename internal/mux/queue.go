package mux

import (
	"context"
	"sync"
)

// A queue hands items from any goroutines to one, and never blocks those that put.
// What bounds it is who may put: it holds the answers of one request, or the
// requests of one stream.
type queue[T any] struct {
	mu    sync.Mutex
	items []T
	err   error         // after the items
	wake  chan struct{} // holds a token when there is something new
}

func newQueue[T any]() *queue[T] { return &queue[T]{wake: make(chan struct{}, 1)} }

func (q *queue[T]) put(item T) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.poke()
}

// end the queue with err, not nil; only the first end counts.
func (q *queue[T]) end(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.mu.Unlock()
	q.poke()
}

// get waits for an item, for the queue's end or for ctx.
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

func (q *queue[T]) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
