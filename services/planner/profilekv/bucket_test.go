package profilekv

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// endingStream calls end as soon as the keys of a bucket are being listed.
type endingStream struct {
	jetstream.JetStream
	end func()
}

func (s endingStream) KeyValue(ctx context.Context, bucket string) (jetstream.KeyValue, error) {
	kv, err := s.JetStream.KeyValue(ctx, bucket)
	return endingBucket{kv, s.end}, err
}

type endingBucket struct {
	jetstream.KeyValue
	end func()
}

func (b endingBucket) ListKeys(ctx context.Context, opts ...jetstream.WatchOpt) (jetstream.KeyLister, error) {
	defer b.end()
	return b.KeyValue.ListKeys(ctx, opts...)
}

// All returns an error, and not some of the profiles, if its context ends meanwhile.
func TestAllIsNeverIncomplete(t *testing.T) {
	js := connect(t)
	if _, err := Put(t.Context(), js, Bucket, file("p", "beam")); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		if all, err := All(ctx, endingStream{js, cancel}, Bucket); !errors.Is(err, context.Canceled) && len(all) != 1 {
			t.Fatalf("got %d profiles and error %v, want all or context.Canceled", len(all), err)
		}
	}
}
