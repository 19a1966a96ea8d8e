package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/journal/journalstream"
)

// openJournal returns the journal of searches on NATS.
func openJournal(d *serve.Dependencies, c config, nc *nats.Conn) (journal.Journal, error) {
	if c.SoloBills {
		return nil, errors.New("-journal has no effect beside -solo-bills, as a bench keeps no searches: remove one of them")
	}
	if c.JournalBytes < 0 {
		return nil, reasoning.Invalid("-journal-bytes", "must be at least 1, or 0 for no bound, is %d", c.JournalBytes)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name of this planner: %w", err)
	}
	j := journalstream.New(js, journalstream.Config{Replicas: c.QueueReplicas, MaxBytes: c.JournalBytes, Writer: host, Scope: c.Model})
	d.Check(serve.Check{Name: "journal on NATS at " + natsx.Redact(c.NatsURL), Do: j.Ready, Need: serve.NeedAtStart})
	return j, nil
}

// resumePause is the time between two attempts to read the journal.
const resumePause = time.Second

// resume continues the searches in the journal, as soon as it can be read, and returns when ctx
// ends.
func resume(ctx context.Context, p *planner.Planner) {
	for {
		err := p.Resume(ctx)
		if err == nil {
			<-ctx.Done()
			return
		}
		slog.DebugContext(ctx, "searches are not resumed yet: no search is accepted", "error", err) // readiness says so, too
		select {
		case <-time.After(resumePause):
		case <-ctx.Done():
			return
		}
	}
}
