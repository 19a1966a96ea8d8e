package policyqueue

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A roster has the live workers, even if it starts after them or the server restarts.
func TestRosterHasTheLiveWorkers(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		relay := &natstest.Relay{}
		server := natstest.Server(t)
		relay.SetServer(server)
		q := newRig(t, server, 1, Config{}, nats.InProcessServer(relay))
		w := q.run(t, tenSeconds(), WorkerConfig{}, nats.InProcessServer(relay))
		synctest.Wait()
		roster, err := NewRoster(q.nc, q.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if !roster.Available() {
			t.Error("no worker is available before Run, want that this is not known")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- roster.Run(ctx) }()
		check := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			if got := len(roster.Workers()); got != want || roster.Available() != (want > 0) {
				t.Errorf("%s: %d workers, available %v, want %d", when, got, roster.Available(), want)
			}
		}
		check("at the start", 1)
		time.Sleep(time.Minute)
		check("after a minute", 1)

		relay.SetServer(nil)
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(protocol.AnnounceTTL)
		check("while the server is down", 0)
		relay.SetServer(natstest.Server(t))
		time.Sleep(2 * time.Second)
		if err := Setup(t.Context(), q.js, q.cfg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(protocol.AnnounceEvery)
		check("when the server is back", 1)

		w.stop()
		<-w.ended
		check("when the worker has ended", 0)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A roster that starts after NATS has received an announcement, and before JetStream has
// stored it, has the worker. Announcements for another model keep JetStream busy.
func TestRosterHasAnnouncementsThatAreBeingStored(t *testing.T) {
	for range 10 {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			nc, planner := natstest.Connect(t, s, "worker"), natstest.Connect(t, s, "planner")
			cfg := Config{Model: reasoning.Model{Name: "script"}}
			js, err := jetstream.New(nc)
			if err == nil {
				err = Setup(t.Context(), js, cfg)
			}
			if err != nil {
				t.Fatal(err)
			}
			announce := func(model string, instance int) {
				a := protocol.Announcement{Name: "w", Model: reasoning.Model{Name: model}, Ready: true}
				value, err := a.Encode()
				if err == nil {
					err = nc.Publish(protocol.AnnouncementSubject(protocol.AnnouncementKey(model, fmt.Sprint(instance))), value)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for i := range 8000 { // JetStream drops messages if more than 10,000 wait
				announce("other", i)
			}
			announce("script", 0)
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			roster, err := NewRoster(planner, cfg)
			if err == nil {
				err = roster.load(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			if !roster.Available() {
				t.Error("no worker is available, want the one that announced itself before")
			}
			roster.clear()
		})
	}
}
