package policyqueue

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A publisher splits requests into jobs and publishes them.
type publisher struct {
	model       string
	maxAttempts int
	js          jetstream.JetStream
	settings    *settingsFollower
	jobs        *registry
	tracer      tracer

	epoch     string        // random, so that clients have different message ids
	published atomic.Uint64 // number of jobs, which makes the message ids of this client unique
}

// publish publishes r as jobs of at most Cap children each, in order, and adds them to e.
func (p *publisher) publish(ctx context.Context, e *expansion, r policy.Request) error {
	for ordinals := range slices.Chunk(r.Ordinals, p.settings.settings().Cap) {
		r.Ordinals = ordinals
		epoch := p.epoch + "-" + strconv.FormatUint(p.published.Add(1), 10)
		j, err := p.jobs.add(e, r, epoch)
		if err == nil {
			err = p.publishJob(ctx, j, r)
		}
		if err != nil {
			return fmt.Errorf("publish job of node %q: %w", r.Node, err)
		}
	}
	return nil
}

// publishJob publishes j, the job for r, and waits until JetStream has stored it.
func (p *publisher) publishJob(ctx context.Context, j *job, r policy.Request) (err error) {
	message := protocol.Job{Name: j.name, Epoch: j.epoch, Request: r, Enqueued: time.Now(), MaxAttempts: p.maxAttempts}
	message.Deadline, _ = ctx.Deadline()
	msg, err := message.Encode(p.model)
	if err != nil {
		return err
	}
	if int64(msg.Size()) > p.js.Conn().MaxPayload() {
		return classify(ctx, nats.ErrMaxPayload)
	}
	ctx, span := p.tracer.startSend(ctx, r, msg)
	defer func() { endSpan(span, err) }()
	limited, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	ack, err := p.js.PublishMsg(limited, msg)
	if err != nil {
		return classify(ctx, err)
	}
	p.jobs.setStored(j, ack.Sequence)
	return nil
}
