// Package profilekv keeps profiles in a JetStream key-value bucket, so that all
// planners of a cluster follow the same ones, and new ones from the moment that they
// are put.
//
// A key is a profile's name, made fit for a subject; a value is its file.
package profilekv

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// Bucket is what the bucket is called, where nobody says.
const Bucket = "PROFILES"

// history is how many versions of a profile the bucket keeps, to go back to.
const history = 8

func open(ctx context.Context, js jetstream.JetStream, bucket string) (jetstream.KeyValue, error) {
	kv, err := js.KeyValue(ctx, bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: bucket, Description: "Ponder's calibration profiles", History: history, MaxValueSize: 1 << 20,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", bucket, err)
	}
	return kv, nil
}

var unfit = regexp.MustCompile(`[^-_=A-Za-z0-9.]+`)

// Key is a profile's place in the bucket.
func Key(name string) string { return unfit.ReplaceAllString(name, "_") }

// Put checks a profile, stores it and returns its key.
func Put(ctx context.Context, js jetstream.JetStream, bucket string, data []byte) (key string, err error) {
	p, err := profile.Read(data)
	if err != nil {
		return "", err
	}
	kv, err := open(ctx, js, bucket)
	if err != nil {
		return "", err
	}
	key = Key(p.Name)
	if _, err := kv.Put(ctx, key, data); err != nil {
		return "", fmt.Errorf("put profile %s: %w", key, err)
	}
	return key, nil
}

// Delete takes a profile away.
func Delete(ctx context.Context, js jetstream.JetStream, bucket, key string) error {
	kv, err := open(ctx, js, bucket)
	if err == nil {
		_, err = kv.Get(ctx, key)
	}
	if err == nil {
		err = kv.Delete(ctx, key)
	}
	if err != nil {
		return fmt.Errorf("delete profile %s: %w", key, err)
	}
	return nil
}

// All is the profiles in the bucket, by key.
func All(ctx context.Context, js jetstream.JetStream, bucket string) (map[string][]byte, error) {
	kv, err := open(ctx, js, bucket)
	if err != nil {
		return nil, err
	}
	keys, err := kv.ListKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list profiles: %w", err)
	}
	all := map[string][]byte{}
	for key := range keys.Keys() {
		entry, err := kv.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) { // gone meanwhile
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("get profile %s: %w", key, err)
		}
		all[key] = entry.Value()
	}
	return all, nil
}

// again is how long Follow waits before it tries once more to watch a bucket.
const again = 5 * time.Second

// Follow keeps a shelf as the bucket is until ctx ends. A value that is no profile
// changes nothing, and is told; so is a bucket that cannot be watched, once.
func Follow(ctx context.Context, js jetstream.JetStream, bucket string, shelf *profile.Shelf, report func(error)) {
	told := false
	for ctx.Err() == nil {
		err := watch(ctx, js, bucket, shelf, report)
		if ctx.Err() == nil && err != nil && !told {
			report(err)
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

func watch(ctx context.Context, js jetstream.JetStream, bucket string, shelf *profile.Shelf, report func(error)) error {
	kv, err := open(ctx, js, bucket)
	if err != nil {
		return err
	}
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", bucket, err)
	}
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, open := <-watcher.Updates():
			switch {
			case !open:
				return nil
			case entry == nil: // all that was there has come
			case entry.Operation() != jetstream.KeyValuePut:
				shelf.Put(place(bucket, entry.Key()), nil)
			default:
				p, err := profile.Read(entry.Value())
				if err != nil {
					report(fmt.Errorf("bucket %s, key %s: %w", bucket, entry.Key(), err))
					continue
				}
				shelf.Put(place(bucket, entry.Key()), p)
			}
		}
	}
}

// place on a shelf: after those of files, whose profiles it replaces.
func place(bucket, key string) string { return "~" + bucket + "/" + key }
