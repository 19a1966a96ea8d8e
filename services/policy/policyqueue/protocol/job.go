package protocol

import (
	"fmt"
	"hash/fnv"
	"math"
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

// Headers of a job, which a worker reads without decoding the body. Times are RFC 3339.
const (
	headerDeadline = "Ponder-Deadline"
	headerEnqueued = "Ponder-Enqueued"
)

// A Job is one message of the work queue. Its fields are those of
// ponder.queue.v1.ExpansionJob, which documents them.
type Job struct {
	Name     string
	Epoch    string
	Request  policy.Request
	Enqueued time.Time
	Deadline time.Time // zero: none

	MaxAttempts int // that may fail in a row before the client fails the job; 0: the client is of an earlier release
}

// Name returns the name of r's job: the node and a hash of the whole request.
func Name(r policy.Request) (string, error) {
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(policywire.ExpansionToProto(r))
	if err != nil {
		return "", fmt.Errorf("name job: %w", err)
	}
	hash := fnv.New64a()
	hash.Write(content)
	return fmt.Sprintf("%s@%016x", r.Node, hash.Sum64()), nil
}

// ID returns the message id of the job, by which JetStream recognises duplicates.
func (j Job) ID() string { return j.Name + "/" + j.Epoch }

// Encode returns the message of a job for the workers of a model. The message expires up
// to a second after the deadline, since JetStream's times to live are whole seconds.
func (j Job) Encode(model string) (*nats.Msg, error) {
	msg := nats.NewMsg(JobSubject(model, j.Request.Search, j.Request.Depth()))
	msg.Header.Set(jetstream.MsgIDHeader, j.ID())
	msg.Header.Set(headerEnqueued, j.Enqueued.Format(time.RFC3339Nano))
	job := &queuev1.ExpansionJob{
		Version:    version(j.Request),
		JobId:      j.Name,
		Epoch:      j.Epoch,
		Expansion:  policywire.ExpansionToProto(j.Request),
		EnqueuedAt: timestamppb.New(j.Enqueued),

		MaxAttempts: int32(j.MaxAttempts),
	}
	if !j.Deadline.IsZero() {
		job.Deadline = timestamppb.New(j.Deadline)
		msg.Header.Set(headerDeadline, j.Deadline.Format(time.RFC3339Nano))
		ttl := math.Ceil(j.Deadline.Sub(j.Enqueued).Seconds())
		msg.Header.Set(jetstream.MsgTTLHeader, fmt.Sprintf("%ds", max(1, int64(ttl))))
	}
	var err error
	if msg.Data, err = proto.Marshal(job); err != nil {
		return nil, fmt.Errorf("encode job %s: %w", j.Name, err)
	}
	return msg, nil
}

// DecodeJob decodes the body of a job's message. With an error it returns what it could
// decode: nothing if the body is malformed, all fields but the request if the error is
// ErrVersion or due to the request.
func DecodeJob(msg *nats.Msg) (Job, error) {
	var job queuev1.ExpansionJob
	if err := proto.Unmarshal(msg.Data, &job); err != nil {
		return Job{}, reasoning.Mark(fmt.Errorf("decode job: %w", err), reasoning.ErrInvalid)
	}
	j := Job{
		Name: job.GetJobId(), Epoch: job.GetEpoch(), Enqueued: job.GetEnqueuedAt().AsTime(),
		MaxAttempts: max(0, int(job.GetMaxAttempts())),
	}
	if job.GetDeadline() != nil {
		j.Deadline = job.GetDeadline().AsTime()
	}
	if v := job.GetVersion(); v < versionFirst || v > Version {
		return j, reasoning.Mark(fmt.Errorf("job has version %d, this worker supports %d to %d: upgrade the worker",
			v, versionFirst, Version), ErrVersion)
	}
	var err error
	j.Request, err = policywire.ExpansionFromProto(job.GetExpansion(), reasoning.Sampling{})
	if err == nil {
		err = j.Request.Validate()
	}
	return j, err
}

// Enqueued returns the time in a job's header at which the job was published, or fallback
// if the header has none.
func Enqueued(h nats.Header, fallback time.Time) time.Time {
	return timeOf(h, headerEnqueued, fallback)
}

// Deadline returns the deadline in a job's header, or fallback if the header has none.
func Deadline(h nats.Header, fallback time.Time) time.Time {
	return timeOf(h, headerDeadline, fallback)
}

func timeOf(h nats.Header, key string, fallback time.Time) time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.Get(key))
	if err != nil {
		return fallback
	}
	return t
}
