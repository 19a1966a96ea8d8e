package mux

import (
	"context"
	"sync"
)

// A queue is an unbounded FIFO with any number of producers and one consumer. Its users
// bound its length: it holds the responses to one request, or the requests of one stream.
type queue[T any] struct {
	wake chan struct{} // holds a token after a push or a close

	mu    sync.Mutex
	items []T
	err   error // returned after the items
}

func newQueue[T any]() *queue[T] { return &queue[T]{wake: make(chan struct{}, 1)} }

// push appends an item. It never blocks.
func (q *queue[T]) push(item T) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.signal()
}

// close makes pop return err, which must not be nil, once the queue is empty. Only the
// first call has an effect.
func (q *queue[T]) close(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.mu.Unlock()
	q.signal()
}

// pop removes and returns the first item. It waits until there is one, the queue is
// closed or ctx ends.
func (q *queue[T]) pop(ctx context.Context) (item T, err error) {
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

// signal wakes the consumer.
func (q *queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
