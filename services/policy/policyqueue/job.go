package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// version of what a job means. Workers put back what they do not know: a job has the
// oldest version that says all it asks for.
const (
	version     = 1
	versionSeen = 2 // has attempts or a stop: an older worker would write as if there were none
)

func versionOf(r policy.Request) int32 {
	if len(r.Attempts) > 0 || r.Stop != "" {
		return versionSeen
	}
	return version
}

// Headers of a job, readable without its body. Times are RFC 3339.
const (
	headerDeadline = "Ponder-Deadline" // after it nobody wants the result; absent: MaxAge after it was enqueued
	headerEnqueued = "Ponder-Enqueued"
	headerPrevious = "Ponder-Previous" // in the answer to a claim: traceparent of the attempt before
)

// jobName names a job by what it asks for, so that it has the same name each time.
func jobName(r policy.Request) (string, error) {
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(policywire.ExpansionToProto(r))
	if err != nil {
		return "", fmt.Errorf("naming a job: %w", err)
	}
	hash := fnv.New64a()
	hash.Write(content)
	return fmt.Sprintf("%s@%016x", r.Node, hash.Sum64()), nil
}

// encode makes the message of a job that ends with ctx.
func (c Config) encode(ctx context.Context, r policy.Request, name, epoch string) (*nats.Msg, error) {
	now := time.Now()
	msg := nats.NewMsg(c.subject(r.Search, r.Depth()))
	msg.Header.Set(jetstream.MsgIDHeader, name+"/"+epoch)
	msg.Header.Set(headerEnqueued, now.Format(time.RFC3339Nano))
	job := &queuev1.ExpansionJob{
		Version:    versionOf(r),
		JobId:      name,
		Epoch:      epoch,
		Expansion:  policywire.ExpansionToProto(r),
		EnqueuedAt: timestamppb.New(now),
	}
	if deadline, ok := ctx.Deadline(); ok {
		job.Deadline = timestamppb.New(deadline)
		msg.Header.Set(headerDeadline, deadline.Format(time.RFC3339Nano))
		left := math.Ceil(time.Until(deadline).Seconds()) // JetStream counts whole seconds, at least one
		msg.Header.Set(jetstream.MsgTTLHeader, fmt.Sprintf("%ds", max(1, int64(left))))
	}
	var err error
	if msg.Data, err = proto.Marshal(job); err != nil {
		return nil, fmt.Errorf("encoding job %s: %w", name, err)
	}
	return msg, nil
}

// errVersion is a job that this worker is too old for.
var errVersion = errors.New("job of another version")

// decode is what a worker reads out of a message.
func decode(msg *nats.Msg) (*queuev1.ExpansionJob, policy.Request, error) {
	job := &queuev1.ExpansionJob{}
	if err := proto.Unmarshal(msg.Data, job); err != nil {
		return nil, policy.Request{}, fmt.Errorf("%w: job: %w", reasoning.ErrInvalid, err)
	}
	if v := job.GetVersion(); v < version || v > versionSeen {
		return job, policy.Request{}, fmt.Errorf("%w: %d, want %d to %d", errVersion, v, version, versionSeen)
	}
	r, err := policywire.ExpansionFromProto(job.GetExpansion(), reasoning.Sampling{})
	if err == nil {
		err = r.Validate()
	}
	return job, r, err
}

// split cuts a request into requests of at most n children.
func split(r policy.Request, n int) []policy.Request {
	var parts []policy.Request
	for ordinals := range slices.Chunk(r.Ordinals, n) {
		part := r
		part.Ordinals = ordinals
		parts = append(parts, part)
	}
	return parts
}

// timeIn reads a time out of a header; absent is what it is without.
func timeIn(h nats.Header, key string, absent time.Time) time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.Get(key))
	if err != nil {
		return absent
	}
	return t
}

// unavailable names what NATS says by this package's errors.
func unavailable(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && strings.Contains(api.Description, "maximum messages exceeded"):
		return fmt.Errorf("%w: the queue is full", reasoning.ErrOverloaded)
	case errors.Is(err, nats.ErrMaxPayload):
		return reasoning.Invalid("steps", "are too long for one message of the queue, together with problem and attempts")
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("%w: queue: %w", reasoning.ErrUnavailable, err)
}
