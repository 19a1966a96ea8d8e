package backend

import "context"

// A Store keeps recorded results by key. It is safe for concurrent use. Neither a Store nor its
// callers change a value after Put or Get.
type Store interface {
	// Get returns the value of a key; ok is false if there is none.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Put sets the values of some keys, which Get returns from then on. After an error it may
	// have set some of them or none; other values stay.
	Put(ctx context.Context, items ...Item) error
}

// An Item is a value with its key.
type Item struct {
	Key   string
	Value []byte
}
