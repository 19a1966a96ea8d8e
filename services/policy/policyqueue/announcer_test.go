package policyqueue

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// The bucket has a worker's announcement while the worker runs and drains, and for
// AnnounceTTL after a crash.
func TestWorkerIsAnnouncedWhileItRuns(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		announced := func(want ...protocol.Announcement) {
			t.Helper()
			synctest.Wait()
			values, err := announcements(t.Context(), q.js, ">")
			if err != nil {
				t.Fatal(err)
			}
			var got []protocol.Announcement
			for _, value := range values {
				a, err := protocol.DecodeAnnouncement(value)
				if err != nil {
					t.Error(err)
				}
				got = append(got, a)
			}
			slices.SortFunc(got, func(a, b protocol.Announcement) int { return a.Slots - b.Slots })
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("announcements (got before want):\n%s", diff)
			}
		}
		announced()
		first := q.run(t, tenSeconds(), WorkerConfig{Name: "first", Slots: 8})
		second := q.run(t, tenSeconds(), WorkerConfig{Name: "second", Slots: 16})
		a := protocol.Announcement{Name: "first", Model: q.cfg.Model, Slots: 8, Ready: true, ProtocolVersion: 2}
		b := protocol.Announcement{Name: "second", Model: q.cfg.Model, Slots: 16, Ready: true, ProtocolVersion: 2}
		announced(a, b)
		time.Sleep(time.Hour)
		announced(a, b)

		go collect(t.Context(), q, request("s", 8))
		synctest.Wait()
		second.stop()
		first.stop()
		synctest.Wait() // the worker that has the job drains
		values, err := announcements(t.Context(), q.js, ">")
		if err != nil || len(values) != 1 {
			t.Fatalf("got %d announcements and error %v, want one, of the worker that drains", len(values), err)
		}
		for _, value := range values {
			if left, err := protocol.DecodeAnnouncement(value); err != nil || !left.Draining {
				t.Errorf("got %+v and error %v, want Draining", left, err)
			}
		}
		<-first.ended
		<-second.ended
		announced()

		third := q.run(t, tenSeconds(), WorkerConfig{Name: "third"})
		synctest.Wait()
		third.crash()
		<-third.ended
		time.Sleep(protocol.AnnounceTTL + time.Second)
		announced()
	})
}
