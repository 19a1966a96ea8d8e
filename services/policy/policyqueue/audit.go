package policyqueue

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// An audit finds the jobs of a registry of which no worker reports anything any more:
// those that JetStream does not deliver again, as it sends an advisory, and those that
// were lost with the server's memory, each time that the connection is back.
type audit struct {
	jobs *registry
	js   jetstream.JetStream
}

// start subscribes to advisories, and returns the function that audits until ctx ends.
func (a *audit) start(ctx context.Context) (run func(), err error) {
	nc := a.js.Conn()
	advisories, err := nc.Subscribe(protocol.MaxDeliveries, a.maxDeliveries)
	if err != nil {
		return nil, err
	}
	return func() {
		defer advisories.Unsubscribe() // fails only if the connection is closed
		repeat(ctx, nc, nil, 0, a.lost)
	}, nil
}

// maxDeliveries handles an advisory.
func (a *audit) maxDeliveries(m *nats.Msg) {
	var advisory struct {
		Sequence   uint64 `json:"stream_seq"`
		Deliveries int    `json:"deliveries"`
	}
	if err := json.Unmarshal(m.Data, &advisory); err != nil {
		return // not JetStream's
	}
	a.jobs.giveUp(advisory.Sequence, advisory.Deliveries)
}

// lost fails the jobs that are no longer in the stream though children are missing: a
// worker acknowledges a job only when none is. It returns an error if the server, which
// may have just started, does not answer for all jobs.
func (a *audit) lost(ctx context.Context) error {
	jobs := a.jobs.published()
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
			if stored, err = has(ctx, stream, j); err != nil {
				return err
			}
		}
		if !stored {
			a.jobs.lose(j)
		}
	}
	return nil
}

func (a *audit) stream(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	return a.js.Stream(ctx, protocol.Stream)
}

// has reports whether the stream has a job.
func has(ctx context.Context, stream jetstream.Stream, j *job) (bool, error) {
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
