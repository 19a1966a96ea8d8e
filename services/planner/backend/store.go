package backend

import "context"

// A Store keeps recorded results by key. It is safe for concurrent use. Values are
// not changed by either side after they were handed over.
type Store interface {
	// Get returns the value of a key; ok is false if there is none.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Put sets the values of some keys. When it returns, Get has them. After an error,
	// Get may have some of them or none; what was put before stays.
	Put(ctx context.Context, items ...Item) error
}

// An Item is a value with its key.
type Item struct {
	Key   string
	Value []byte
}
