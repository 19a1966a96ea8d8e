package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// Settings are the defaults until others are written. Invalid ones are neither written nor
// read.
func TestSettingsAreReadAsWritten(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		js, err := jetstream.New(natstest.Connect(t, s, "operator"))
		if err != nil {
			t.Fatal(err)
		}
		read := func(want protocol.Settings, written bool) {
			t.Helper()
			if got, w, err := ReadSettings(t.Context(), js); got != want || w != written || err != nil {
				t.Errorf("got %+v, written %v, error %v; want %+v, %v", got, w, err, want, written)
			}
		}
		read(protocol.DefaultSettings, false)
		want := protocol.Settings{Partitions: 32, Cap: 4}
		if err := WriteSettings(t.Context(), js, want); err != nil {
			t.Fatal(err)
		}
		read(want, true)
		for field, bad := range map[string]protocol.Settings{
			"partitions": {Partitions: 2000, Cap: 8},
			"cap":        {Partitions: 1},
		} {
			var invalid *reasoning.InvalidError
			if err := WriteSettings(t.Context(), js, bad); !errors.As(err, &invalid) || invalid.Field != field {
				t.Errorf("%+v: got %v, want an InvalidError of %s", bad, err, field)
			}
		}
		read(want, true)
		kv, err := js.KeyValue(t.Context(), protocol.SettingsBucket)
		if err == nil {
			_, err = kv.PutString(t.Context(), protocol.SettingsKey, `{"partitions": -1}`)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadSettings(t.Context(), js); !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	})
}

// Clients and workers follow changes of the settings under load: each child comes once, jobs
// in a partition that the settings no longer have are done, and its consumer is deleted.
func TestSettingsChangeUnderLoad(t *testing.T) {
	partitioned(t, 4, Config{}, func(t *testing.T, q *rig) {
		maintainer, err := NewMaintainer(natstest.Connect(t, q.server, "planner"), q.cfg)
		if err != nil {
			t.Fatal(err)
		}
		go maintainer.Run(t.Context())
		for _, name := range []string{"a", "b"} {
			q.worker(t, policytest.Steps(1, 3*time.Second), WorkerConfig{Name: name, Slots: 12})
		}
		var searches sync.WaitGroup
		for i := range 10 {
			searches.Go(func() {
				for depth := range 12 {
					r := request(fmt.Sprint("s", i), 5)
					r.Problem = fmt.Sprint(depth)
					q.mustExpand(t, r)
				}
			})
		}
		for _, s := range []protocol.Settings{
			{Partitions: 16, Cap: 3}, {Partitions: 2, Cap: 8}, {Partitions: 5, Cap: 1}, {Partitions: 1, Cap: 8},
		} {
			time.Sleep(20 * time.Second)
			if err := WriteSettings(t.Context(), q.js, s); err != nil {
				t.Fatal(err)
			}
		}
		searches.Wait()
		time.Sleep(time.Minute)
		q.checkEmpty(t)
		numbers, total, err := q.monitor.partitions(t.Context())
		if diff := cmp.Diff(numbers, []int{0}); diff != "" || total != 1 || err != nil {
			t.Errorf("%d partitions and error %v, want 1; partitions with consumers (got before want):\n%s", total, err, diff)
		}
		if err := maintainer.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// After a change of Cap, jobs have at most as many children.
func TestCapBoundsJobs(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := policytest.Steps(1, time.Second)
		q.worker(t, engine, WorkerConfig{Slots: 16})
		q.mustExpand(t, request("s", 8))
		if err := WriteSettings(t.Context(), q.js, protocol.Settings{Partitions: 1, Cap: 3}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		q.mustExpand(t, request("s", 8))
		var got []int
		for _, c := range engine.Calls() {
			got = append(got, len(c.Request.Ordinals))
		}
		if diff := cmp.Diff(got[:1], []int{8}); diff != "" || len(got) != 4 || got[1]+got[2]+got[3] != 8 {
			t.Errorf("jobs have %v children, want 8, and then 3, 3 and 2 in any order", got)
		}
	})
}

// A follower that starts after NATS has received settings, and before JetStream has stored
// them, has them after settingsEvery. Other keys keep JetStream busy.
func TestSettingsThatAreBeingStoredAreFollowed(t *testing.T) {
	for range 10 {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			nc, client := natstest.Connect(t, s, "operator"), natstest.Connect(t, s, "client")
			operator, err := jetstream.New(nc)
			if err != nil {
				t.Fatal(err)
			}
			js, err := jetstream.New(client)
			if err == nil {
				err = WriteSettings(t.Context(), operator, protocol.DefaultSettings)
			}
			if err != nil {
				t.Fatal(err)
			}
			want := protocol.Settings{Partitions: 4, Cap: 4}
			for i := range 8000 { // JetStream drops messages if more than 10,000 wait
				if err := nc.Publish("$KV."+protocol.SettingsBucket+"."+fmt.Sprint(i), nil); err != nil {
					t.Fatal(err)
				}
			}
			value, err := want.Encode()
			if err == nil {
				err = nc.Publish(protocol.SettingsSubject, value)
			}
			if err == nil {
				err = nc.Flush()
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			follower := newSettingsFollower(js, nil)
			go follower.run(ctx)
			time.Sleep(settingsEvery)
			synctest.Wait()
			if got := follower.settings(); got != want {
				t.Errorf("settings are %+v, want %+v", got, want)
			}
		})
	}
}
