// Package natstest runs NATS servers with JetStream in bubbles of testing/synctest, where a
// day of redeliveries takes milliseconds and times are exact.
package natstest

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
)

// Bubble runs body in a bubble with a server. It stops the server after body and the
// functions of body's t.Cleanup.
func Bubble(t *testing.T, body func(t *testing.T, s *natsd.Server)) {
	t.Helper()
	Outside(t)
	synctest.Test(t, func(t *testing.T) { body(t, Server(t)) })
}

// Outside prepares a test that starts servers in bubbles by [Server]. It must be called
// outside of all bubbles, before the first.
//
// The NATS servers of a process share a goroutine with a ticker, which the first server
// starts and the last stops. In a bubble the ticker would make the fake clock run on
// forever, so Outside starts the goroutine outside, and keeps it until the end of the test.
func Outside(t *testing.T) {
	t.Helper()
	ats.Register()
	t.Cleanup(func() {
		ats.Unregister()
		emptyPools() // for tests outside of bubbles
	})
	emptyPools()
}

// emptyPools empties the pools of the process. nats.go keeps timers in a sync.Pool: a timer of
// another bubble must not be used in this one, and two collections empty a pool.
func emptyPools() {
	runtime.GC()
	runtime.GC()
}

// Server starts a server, and stops it at the end of the test.
func Server(t *testing.T) *natsd.Server {
	t.Helper()
	emptyPools()
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

// Connect connects to s, and closes the connection at the end of the test.
func Connect(t *testing.T, s *natsd.Server, name string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := s.Connect(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
