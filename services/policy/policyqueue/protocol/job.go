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

// Versions of a job. A job has the lowest version that has every field which it uses.
const (
	versionFirst    = 1
	versionAttempts = 2 // has attempts or a stop text, which workers of version 1 ignore

	// Version is the highest version that this package reads.
	Version = versionAttempts
)

// ErrVersion is the error of a job whose version is not supported here.
var ErrVersion = reasoning.NewError(reasoning.KindInternal, "JOB_VERSION_UNSUPPORTED", "unsupported version of a job")

// Headers of a job, readable without its body. Times are RFC 3339.
const (
	headerDeadline = "Ponder-Deadline"
	headerEnqueued = "Ponder-Enqueued"
)

// A Job is one message of the work queue. The fields are those of
// ponder.queue.v1.ExpansionJob, which says what each means.
type Job struct {
	Name     string
	Epoch    string
	Request  policy.Request
	Enqueued time.Time
	Deadline time.Time // zero: none
}

// Name returns the name of r's job: a hash of what r asks for.
func Name(r policy.Request) (string, error) {
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(policywire.ExpansionToProto(r))
	if err != nil {
		return "", fmt.Errorf("name job: %w", err)
	}
	hash := fnv.New64a()
	hash.Write(content)
	return fmt.Sprintf("%s@%016x", r.Node, hash.Sum64()), nil
}

// ID returns the job's message id.
func (j Job) ID() string { return j.Name + "/" + j.Epoch }

// Encode returns the message of a job for a model's workers. JetStream drops it at
// its deadline.
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
	}
	if !j.Deadline.IsZero() {
		job.Deadline = timestamppb.New(j.Deadline)
		msg.Header.Set(headerDeadline, j.Deadline.Format(time.RFC3339Nano))
		left := math.Ceil(j.Deadline.Sub(j.Enqueued).Seconds()) // JetStream counts whole seconds, at least one
		msg.Header.Set(jetstream.MsgTTLHeader, fmt.Sprintf("%ds", max(1, int64(left))))
	}
	var err error
	if msg.Data, err = proto.Marshal(job); err != nil {
		return nil, fmt.Errorf("encode job %s: %w", j.Name, err)
	}
	return msg, nil
}

// version returns the lowest version that has every field which r uses.
func version(r policy.Request) int32 {
	if len(r.Attempts) > 0 || r.Stop != "" {
		return versionAttempts
	}
	return versionFirst
}

// DecodeJob reads a job out of its message. Beside ErrVersion and ErrInvalid the job
// has at least its name, if the message has one.
func DecodeJob(msg *nats.Msg) (Job, error) {
	var job queuev1.ExpansionJob
	if err := proto.Unmarshal(msg.Data, &job); err != nil {
		return Job{}, reasoning.Mark(fmt.Errorf("decode job: %w", err), reasoning.ErrInvalid)
	}
	j := Job{Name: job.GetJobId(), Epoch: job.GetEpoch(), Enqueued: job.GetEnqueuedAt().AsTime()}
	if job.GetDeadline() != nil {
		j.Deadline = job.GetDeadline().AsTime()
	}
	if v := job.GetVersion(); v < versionFirst || v > Version {
		return j, fmt.Errorf("%w: %d, want %d to %d", ErrVersion, v, versionFirst, Version)
	}
	var err error
	j.Request, err = policywire.ExpansionFromProto(job.GetExpansion(), reasoning.Sampling{})
	if err == nil {
		err = j.Request.Validate()
	}
	return j, err
}

// Enqueued reads out of a job's header when the job was published; absent is returned
// where the header does not say.
func Enqueued(h nats.Header, absent time.Time) time.Time { return timeIn(h, headerEnqueued, absent) }

// Deadline reads a job's deadline out of its header; absent is returned for none.
func Deadline(h nats.Header, absent time.Time) time.Time { return timeIn(h, headerDeadline, absent) }

func timeIn(h nats.Header, key string, absent time.Time) time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.Get(key))
	if err != nil {
		return absent
	}
	return t
}
