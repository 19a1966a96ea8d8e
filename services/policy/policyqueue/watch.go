package policyqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// maxDeliveries is where JetStream tells that it will not deliver a message again.
// The message stays, for nobody.
const maxDeliveries = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + streamName + ".*"

// watch looks out for jobs that no worker will say anything about: those whose
// workers all died, and those that were lost with the server's memory.
func (c *Client) watch() error {
	advisories, err := c.nc.Subscribe(maxDeliveries, c.exhausted)
	if err != nil {
		return err
	}
	connected := c.nc.StatusChanged(nats.CONNECTED)
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		for range connected {
			for !c.audit(ctx) && ctx.Err() == nil && c.nc.IsConnected() { // a server that has just begun may not answer yet
				pause(ctx, patience)
			}
		}
	}()
	c.stop = func() {
		cancel()
		advisories.Unsubscribe() // fails only if the connection is closed
		c.nc.RemoveStatusListener(connected)
		<-done
	}
	return nil
}

func (c *Client) exhausted(m *nats.Msg) {
	var advisory struct {
		Sequence   uint64 `json:"stream_seq"`
		Deliveries int    `json:"deliveries"`
	}
	if err := json.Unmarshal(m.Data, &advisory); err != nil {
		return // not JetStream's
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if j := c.stored[advisory.Sequence]; j != nil {
		j.ended = true
		last := "no worker said anything"
		if j.last.Worker != "" {
			last = fmt.Sprintf("worker %s fell silent in attempt %d", j.last.Worker, j.last.Attempt)
		}
		j.expansion.tell(event{err: fmt.Errorf("job %s: %w after %d attempts: %s", j.name, policy.ErrPoison, advisory.Deliveries, last)})
	}
}

// audit fails the jobs that are no longer in the stream, though children are
// missing: a worker acknowledges only when none is. It says whether the server
// answered for all of them.
func (c *Client) audit(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	stream, err := c.js.Stream(ctx, streamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		Setup(ctx, c.js, c.cfg) // for those who ask again; what fails here, the services' checks repeat
	case err != nil:
		return false
	}
	c.mu.Lock()
	stored := maps.Clone(c.stored)
	c.mu.Unlock()
	complete := true
	for sequence, j := range stored {
		if stream != nil {
			msg, err := stream.GetMsg(ctx, sequence)
			switch {
			case err == nil && msg.Header.Get(jetstream.MsgIDHeader) == j.id():
				continue
			case err != nil && !errors.Is(err, jetstream.ErrMsgNotFound):
				complete = false
				continue
			}
		}
		c.mu.Lock()
		if len(j.missing) > 0 {
			j.expansion.tell(event{err: fmt.Errorf("job %s: %w: the queue lost it", j.name, reasoning.ErrUnavailable)})
		}
		c.mu.Unlock()
	}
	return complete
}
