package profilekv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// retryAfter is how long a Follower waits before it watches the bucket again.
const retryAfter = time.Second

// A Follower copies the profiles of a bucket to a store, and follows the bucket's changes.
// Make it with [NewFollower].
type Follower struct {
	js     jetstream.JetStream
	bucket string
	store  *profile.Store
	report func(error)

	mu  sync.Mutex
	err error // why profiles of the bucket may be missing in the store; nil: none is
}

// NewFollower returns a follower of the bucket. It calls report for a value that is not a
// profile, which changes nothing, and once for a bucket that cannot be watched.
func NewFollower(js jetstream.JetStream, bucket string, store *profile.Store, report func(error)) *Follower {
	return &Follower{js: js, bucket: bucket, store: store, report: report, err: errors.New("its profiles are being read")}
}

// Ready returns nil once the store has the profiles that were in the bucket when Run began,
// and before that the reason. Profiles in the store remain while NATS is down.
func (f *Follower) Ready(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Run follows the bucket until ctx ends. It creates the bucket if it does not exist.
func (f *Follower) Run(ctx context.Context) error {
	reported := false
	for ctx.Err() == nil {
		err := f.watch(ctx)
		if ctx.Err() == nil && err != nil {
			f.mu.Lock()
			if f.err != nil {
				f.err = err
			}
			f.mu.Unlock()
			if !reported {
				f.report(err)
				reported = true
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
	return nil
}

// watch follows the bucket until ctx ends or the watch breaks.
func (f *Follower) watch(ctx context.Context) error {
	kv, err := open(ctx, f.js, f.bucket)
	if err != nil {
		return err
	}
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", f.bucket, err)
	}
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, open := <-watcher.Updates():
			if !open {
				return nil
			}
			f.update(entry)
		}
	}
}

// update applies a change of the bucket to the store. The entry is nil after those of all
// values that were in the bucket when the watch began.
func (f *Follower) update(entry jetstream.KeyValueEntry) {
	switch {
	case entry == nil:
		f.mu.Lock()
		f.err = nil
		f.mu.Unlock()
	case entry.Operation() != jetstream.KeyValuePut:
		f.store.Remove(source(f.bucket, entry.Key()))
	default:
		p, err := profile.Read(entry.Value())
		if err != nil {
			f.report(fmt.Errorf("bucket %s, key %s: %w", f.bucket, entry.Key(), err))
			return
		}
		f.store.Put(source(f.bucket, entry.Key()), p)
	}
}

// source returns the source of a key in a Store. It sorts after the paths of files, so that
// the bucket's profile of a pair of models takes precedence.
func source(bucket, key string) string { return "~" + bucket + "/" + key }
