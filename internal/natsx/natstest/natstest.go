// Package natstest runs NATS JetStream inside testing/synctest, where a day's
// redeliveries take milliseconds and times are exact.
package natstest

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
)

// Bubble runs body in a bubble of its own with a server in it, which stops after
// body and its t.Cleanups.
func Bubble(t *testing.T, body func(t *testing.T, s *natsd.Server)) {
	t.Helper()
	Outside(t)
	synctest.Test(t, func(t *testing.T) { body(t, Server(t)) })
}

// Outside prepares for bubbles with servers that the test starts itself, by
// [Server]. Call it before, outside of them.
//
// The server keeps one goroutine a process with a ticker: started inside a bubble,
// it would keep its clock from ever standing still. It is ended by the last user,
// so it is held from outside.
func Outside(t *testing.T) {
	t.Helper()
	ats.Register()
	t.Cleanup(ats.Unregister)
}

// Server starts a server that stops at the end of the test.
func Server(t *testing.T) *natsd.Server {
	t.Helper()
	// nats.go pools timers, and one of an earlier bubble may not be used in this.
	runtime.GC()
	runtime.GC() // what a pool drops at the first is gone after the second
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
