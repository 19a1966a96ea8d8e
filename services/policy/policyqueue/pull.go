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

// A pull is a request to a consumer for one job. Package jetstream has no pull requests
// with a priority, nor such that do not wait.
type pull struct {
	Batch    int           `json:"batch"`
	Expires  time.Duration `json:"expires,omitempty"`
	NoWait   bool          `json:"no_wait,omitempty"`
	Group    string        `json:"group"`
	Priority int           `json:"priority"`
}

// send sends the pull and returns the job, or nil if there is none. When ctx ends, send
// withdraws the pull; it still returns a job that the server has sent before.
func (p pull) send(ctx context.Context, nc *nats.Conn, consumer string) (*nats.Msg, error) {
	p.Batch, p.Group = 1, protocol.PriorityGroup
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	inbox, responses := nc.NewInbox(), make(chan *nats.Msg, 1)
	sub, err := nc.ChanSubscribe(inbox, responses)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe()                        // fails only if the subscription has ended
	if err := sub.AutoUnsubscribe(1); err != nil { // after a job or a status
		return nil, err
	}
	if err := nc.PublishRequest(protocol.NextSubject(consumer), inbox, body); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, p.Expires+natsTimeout)
	defer cancel()
	var msg *nats.Msg
	select {
	case msg = <-responses:
	case <-limited.Done():
		// After a flush the server has processed the end of the subscription, and all that it sent before is here.
		flush, cancel := context.WithTimeout(context.Background(), natsTimeout)
		defer cancel()
		if err := errors.Join(sub.Drain(), nc.FlushWithContext(flush)); err != nil {
			return nil, err
		}
		select {
		case msg = <-responses:
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
		return nil, fmt.Errorf("consumer %s: JetStream responded %s %s", consumer, status, msg.Header.Get("Description"))
	}
}
