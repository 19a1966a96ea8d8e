package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// announcements returns the announcements of workers whose keys match keys, by key.
func announcements(ctx context.Context, js jetstream.JetStream, keys string) (map[string][]byte, error) {
	return readBucket(ctx, js, protocol.WorkersBucket, keys)
}

// readBucket returns the values of the keys of a bucket that match keys, by key. It lists keys by
// the stream's info: a key-value watcher may report that it has sent all values before it
// has sent the first.
func readBucket(ctx context.Context, js jetstream.JetStream, bucket, keys string) (values map[string][]byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read bucket %s: %w", bucket, classify(ctx, err))
		}
	}()
	limited, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	prefix := "$KV." + bucket + "."
	kv, err := js.KeyValue(limited, bucket)
	if err != nil {
		return nil, err
	}
	stream, err := js.Stream(limited, "KV_"+bucket)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(limited, jetstream.WithSubjectFilter(prefix+keys))
	if err != nil {
		return nil, err
	}
	values = make(map[string][]byte)
	for subject := range info.State.Subjects {
		key := strings.TrimPrefix(subject, prefix)
		entry, err := kv.Get(limited, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound): // deleted or expired
		case err != nil:
			return nil, err
		default:
			values[key] = entry.Value()
		}
	}
	return values, nil
}
