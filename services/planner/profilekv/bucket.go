// Package profilekv stores profiles in a JetStream key-value bucket, so that all planners
// of a cluster follow the same profiles, and a new one as soon as it is put.
//
// A key is a profile's name, with "_" for each run of characters that keys may not have; a
// value is the profile's file.
package profilekv

import (
	"context"
	"errors"
	"fmt"
	"regexp"

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

// forbidden matches a run of characters that keys may not have.
var forbidden = regexp.MustCompile(`[^-_=A-Za-z0-9.]+`)

// Key returns the key of the profile with this name.
func Key(name string) string { return forbidden.ReplaceAllString(name, "_") }

// Put checks the file of a profile, stores it and returns its key.
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

// Delete removes the profile of a key. It returns an error that wraps
// jetstream.ErrKeyNotFound if the bucket has no such key.
func Delete(ctx context.Context, js jetstream.JetStream, bucket, key string) error {
	kv, err := open(ctx, js, bucket)
	if err == nil {
		_, err = kv.Get(ctx, key)
	}
	if err == nil {
		err = kv.Delete(ctx, key)
	}
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return fmt.Errorf("delete profile %s from bucket %s: %w: ponder profile list prints the keys", key, bucket, err)
	case err != nil:
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
	if ctx.Err() != nil { // keys end early then, without an error
		return nil, fmt.Errorf("list profiles: %w", ctx.Err())
	}
	return all, nil
}
