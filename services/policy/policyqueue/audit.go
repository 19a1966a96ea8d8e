package policyqueue

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// An audit fails the jobs of a registry for which no worker sends a result any more: jobs
// that JetStream does not deliver again or that a worker removed, by JetStream's advisories, and
// jobs that the stream has lost, by a comparison after each reconnect.
type audit struct {
	jobs       *registry
	js         jetstream.JetStream
	advisories []*nats.Subscription
}

// subscribe subscribes to JetStream's advisories.
func (a *audit) subscribe() error {
	for subject, handle := range map[string]func(advisory){
		protocol.MaxDeliveries: func(m advisory) { a.jobs.failUndeliverable(m.Sequence, m.Deliveries) },
		protocol.Terminations:  func(m advisory) { a.jobs.failTerminated(m.Sequence, m.Reason) },
	} {
		sub, err := a.js.Conn().Subscribe(subject, func(m *nats.Msg) {
			var content advisory
			if json.Unmarshal(m.Data, &content) == nil { // otherwise it is not JetStream's
				handle(content)
			}
		})
		if err != nil {
			return err
		}
		a.advisories = append(a.advisories, sub)
	}
	return nil
}

// An advisory is what JetStream tells of a job.
type advisory struct {
	Sequence   uint64 `json:"stream_seq"`
	Deliveries int    `json:"deliveries"`
	Reason     string `json:"reason"` // of a termination
}

// run compares the registry with the stream until ctx ends.
func (a *audit) run(ctx context.Context) {
	defer func() {
		for _, sub := range a.advisories {
			sub.Unsubscribe() // fails only if the connection is closed
		}
	}()
	loop{nc: a.js.Conn(), action: a.compare}.run(ctx)
}

// compare fails incomplete jobs that are not in the stream: a worker acknowledges a job
// only when it is complete. It returns an error if the server does not respond for each
// job, as may be after a restart.
func (a *audit) compare(ctx context.Context) error {
	jobs := a.jobs.allStored()
	if len(jobs) == 0 {
		return nil
	}
	stream, err := a.stream(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	for _, j := range jobs {
		stored := false
		if stream != nil {
			if stored, err = isStored(ctx, stream, j); err != nil {
				return err
			}
		}
		if !stored {
			a.jobs.failLost(j)
		}
	}
	return nil
}

func (a *audit) stream(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	return a.js.Stream(ctx, protocol.Stream)
}

// isStored reports whether the stream holds a job, and not another one under its sequence.
func isStored(ctx context.Context, stream jetstream.Stream, j *job) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	msg, err := stream.GetMsg(ctx, j.sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return msg.Header.Get(jetstream.MsgIDHeader) == j.id(), nil
}
