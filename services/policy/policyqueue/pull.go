package policyqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A pull asks one consumer for one job. The jetstream package cannot ask with a
// priority and without waiting.
type pull struct {
	Batch    int           `json:"batch"`
	Expires  time.Duration `json:"expires,omitempty"`
	NoWait   bool          `json:"no_wait,omitempty"`
	Group    string        `json:"group"`
	Priority int           `json:"priority"`
}

// send sends the pull and returns the job, or nil if there is none. When ctx ends it
// withdraws what the server has not answered, and may still return a job.
func (p pull) send(ctx context.Context, nc *nats.Conn, consumer string) (*nats.Msg, error) {
	p.Batch, p.Group = 1, protocol.PriorityGroup
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	inbox, answers := nc.NewInbox(), make(chan *nats.Msg, 1)
	sub, err := nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe()                        // fails only if it has ended
	if err := sub.AutoUnsubscribe(1); err != nil { // a job or a status
		return nil, err
	}
	if err := nc.PublishRequest(protocol.NextSubject(consumer), inbox, body); err != nil {
		return nil, err
	}
	limit, cancel := context.WithTimeout(ctx, p.Expires+natsTimeout)
	defer cancel()
	var msg *nats.Msg
	select {
	case msg = <-answers:
	case <-limit.Done():
		// The server sends nothing after it has answered the flush; what it sent before is here then.
		flush, cancel := context.WithTimeout(context.Background(), natsTimeout)
		defer cancel()
		if err := errors.Join(sub.Drain(), nc.FlushWithContext(flush)); err != nil {
			return nil, err
		}
		select {
		case msg = <-answers:
		default:
			return nil, nil
		}
	}
	switch status := msg.Header.Get("Status"); {
	case status == "":
		return msg, nil
	case status == "404" || status == "408": // no job
		return nil, nil
	case status == "503", msg.Header.Get("Description") == "Consumer Deleted":
		return nil, fmt.Errorf("consumer %s: %w", consumer, jetstream.ErrConsumerNotFound)
	default:
		return nil, fmt.Errorf("consumer %s: %s %s", consumer, status, msg.Header.Get("Description"))
	}
}
