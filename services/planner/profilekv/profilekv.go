// Package profilekv keeps profiles in a JetStream key-value bucket, so that all
// planners of a cluster follow the same profiles, and new ones as soon as they are put.
//
// A key is a profile's name without the characters that keys may not have; a value is
// its file.
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

// Bucket is the default bucket.
const Bucket = "PROFILES"

// history is how many versions of a profile the bucket keeps.
const history = 8

// open returns the bucket, and creates it if it does not exist.
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

// notOfKeys matches what a key may not have.
var notOfKeys = regexp.MustCompile(`[^-_=A-Za-z0-9.]+`)

// Key returns the key of the profile with a name.
func Key(name string) string { return notOfKeys.ReplaceAllString(name, "_") }

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

// Delete removes a profile. It returns an error if there is none with this key.
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

// All returns the files of all profiles in the bucket, by key.
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
		if errors.Is(err, jetstream.ErrKeyNotFound) { // deleted after the keys were listed
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("get profile %s: %w", key, err)
		}
		all[key] = entry.Value()
	}
	return all, nil
}

// rewatchAfter is how long Follow waits before it watches a bucket again.
const rewatchAfter = 5 * time.Second

// Follow copies the bucket's profiles to a store, and follows its changes until ctx ends. A
// value that is not a profile changes nothing and is reported; a bucket that cannot be
// watched is reported once.
func Follow(ctx context.Context, js jetstream.JetStream, bucket string, store *profile.Store, report func(error)) {
	reported := false
	for ctx.Err() == nil {
		err := watch(ctx, js, bucket, store, report)
		if ctx.Err() == nil && err != nil && !reported {
			report(err)
			reported = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(rewatchAfter):
		}
	}
}

// watch follows the bucket until ctx ends or the watch breaks.
func watch(ctx context.Context, js jetstream.JetStream, bucket string, store *profile.Store, report func(error)) error {
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
			case entry == nil: // marks the end of the values that were there
			case entry.Operation() != jetstream.KeyValuePut:
				store.Remove(place(bucket, entry.Key()))
			default:
				p, err := profile.Read(entry.Value())
				if err != nil {
					report(fmt.Errorf("bucket %s, key %s: %w", bucket, entry.Key(), err))
					continue
				}
				store.Put(place(bucket, entry.Key()), p)
			}
		}
	}
}

// place returns the source of a key in a Store. It sorts after the paths of files, so that
// the bucket's profile of a pair of models wins.
func place(bucket, key string) string { return "~" + bucket + "/" + key }
