package journalstream_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/services/planner/journal/journalstream"
	"github.com/ponder-mesh/ponder/services/planner/journal/journaltest"
)

// start starts a NATS server, and returns a connection.
func start(t *testing.T) jetstream.JetStream {
	t.Helper()
	server, err := natsd.Start(natsd.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	nc, err := server.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// journalOf opens the journal in a NATS server.
func journalOf(t *testing.T, js jetstream.JetStream, writer string) *journalstream.Journal {
	t.Helper()
	j := journalstream.New(js, journalstream.Config{Writer: writer})
	if err := j.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

func TestConformance(t *testing.T) { journaltest.Run(t, journalOf(t, start(t), "planner-1")) }

// connect connects to a server in a bubble.
func connect(t *testing.T, s *natsd.Server, opts ...nats.Option) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(natstest.Connect(t, s, "test", opts...))
	if err != nil {
		t.Fatal(err)
	}
	return js
}
