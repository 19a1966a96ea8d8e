// Package natstest runs NATS JetStream inside testing/synctest, where a day of
// redeliveries takes milliseconds and times are exact.
package natstest

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
)

// Bubble runs body in its own bubble with a server, which stops after body and its
// t.Cleanup functions.
func Bubble(t *testing.T, body func(t *testing.T, s *natsd.Server)) {
	t.Helper()
	Outside(t)
	synctest.Test(t, func(t *testing.T) { body(t, Server(t)) })
}

// Outside prepares a test that starts servers in bubbles itself, by [Server]. Call it
// before the first bubble, outside of it.
//
// NATS servers of a process share one goroutine with a ticker, which the first starts
// and the last stops. Inside a bubble the ticker would keep the fake clock running, so
// Outside starts the goroutine outside and holds it until the end of the test.
func Outside(t *testing.T) {
	t.Helper()
	ats.Register()
	t.Cleanup(ats.Unregister)
}

// Server starts a server that stops at the end of the test.
func Server(t *testing.T) *natsd.Server {
	t.Helper()
	// nats.go pools timers, and a timer of an earlier bubble must not be used in this one.
	// A sync.Pool is empty after two collections.
	runtime.GC()
	runtime.GC()
	s, err := natsd.Start(natsd.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Connect connects to s until the end of the test.
func Connect(t *testing.T, s *natsd.Server, name string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := s.Connect(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
