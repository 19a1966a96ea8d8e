package policyqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// A pull asks one consumer for one job. JetStream's own client cannot ask for a
// priority without waiting.
type pull struct {
	Batch    int           `json:"batch"`
	Expires  time.Duration `json:"expires,omitempty"`
	NoWait   bool          `json:"no_wait,omitempty"`
	Group    string        `json:"group"`
	Priority int           `json:"priority"`
}

// request sends p and returns the job, nil if there is none. When ctx ends it takes
// back what the server has not yet answered, and may still return a job.
func (w *Worker) request(ctx context.Context, partition int, p pull) (*nats.Msg, error) {
	p.Batch, p.Group = 1, group
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	inbox, answers := w.nc.NewInbox(), make(chan *nats.Msg, 1)
	sub, err := w.nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe()                        // fails only if it has ended
	if err := sub.AutoUnsubscribe(1); err != nil { // a job or a status
		return nil, err
	}
	next := fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", streamName, w.cfg.consumer(partition))
	if err := w.nc.PublishRequest(next, inbox, body); err != nil {
		return nil, err
	}
	limit, cancel := context.WithTimeout(ctx, p.Expires+patience)
	defer cancel()
	var msg *nats.Msg
	select {
	case msg = <-answers:
	case <-limit.Done():
		// Nothing is sent any more once the server has answered this; what was, is here.
		rest, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(sub.Drain(), w.nc.FlushWithContext(rest)); err != nil {
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
	case status == "404" || status == "408":
		return nil, nil
	default:
		return nil, fmt.Errorf("consumer %s: %s %s", w.cfg.consumer(partition), status, msg.Header.Get("Description"))
	}
}
