package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/reasoning"
)

// natsTarget names the NATS server of a cluster.
type natsTarget struct {
	NatsURL string `help:"NATS server with JetStream." default:"nats://127.0.0.1:4222" env:"PONDER_NATS_URL,PONDER_PLANNER_NATS_URL"`
}

// natsTimeout bounds a command's calls of NATS.
const natsTimeout = 5 * time.Second

// do connects to NATS, calls f, and closes the connection.
func (t natsTarget) do(ctx context.Context, f func(context.Context, jetstream.JetStream) error) error {
	nc, err := natsx.Connect(t.NatsURL, "ponder", nats.RetryOnFailedConnect(false))
	if err != nil {
		return reasoning.Mark(fmt.Errorf("%w (start nats-server with JetStream, or name it by --nats-url; the NATS of ponder dev has no port)", err),
			reasoning.ErrUnavailable)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, natsTimeout)
	defer stop()
	return f(ctx, js)
}
