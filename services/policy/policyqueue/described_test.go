package policyqueue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// stating returns a policy with this template and these capabilities.
func stating(format string, can policy.Capabilities) *policytest.Script {
	s := policytest.Steps(1, 0)
	s.Identity = reasoning.Model{Name: "script", Template: format, Parameters: 7}
	s.Can = can
	return s
}

// described returns the model of the queue that the roster completes.
func (q *rig) described(t *testing.T, r *Roster) policy.Model {
	t.Helper()
	m, err := r.Describe(q).Model(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A model is what all ready workers have in common: a job may run on each. Not known of one is not
// known, and the configured identity stands.
func TestModelIsWhatTheReadyWorkersHaveInCommon(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		r := q.roster(t)
		if m := q.described(t, r); m != (policy.Model{Model: q.cfg.Model}) {
			t.Errorf("without a worker ever: got %+v", m)
		}
		run := func(name string, s *policytest.Script, ready bool) *testWorker {
			cfg := q.cfg
			q.cfg.Model = s.Identity // each worker has its own template
			defer func() { q.cfg = cfg }()
			w := q.run(t, s, WorkerConfig{Name: name, Ready: func(context.Context) error {
				if !ready {
					return errors.New("not ready")
				}
				return nil
			}})
			synctest.Wait()
			return w
		}
		stop := func(w *testWorker) {
			w.stop()
			<-w.ended
			synctest.Wait()
		}
		all := policytest.Able
		all.Total = 100
		w1 := run("w1", stating("steps", all), true)
		if m := q.described(t, r); m.Capabilities != all || m.Template != "steps" || m.Parameters != 7 || m.Name != "script" {
			t.Errorf("one worker: got %+v", m)
		}
		some := policy.Capabilities{Counts: reasoning.SupportNo, LogProbs: reasoning.SupportYes, Total: 50}
		w2 := run("w2", stating("think", some), true)
		want := policy.Capabilities{Counts: reasoning.SupportNo, LogProbs: reasoning.SupportYes, Total: 50}
		if m := q.described(t, r); m.Capabilities != want || m.Template != "" || m.Parameters != 7 {
			t.Errorf("two workers: got %+v, want what both have", m)
		}
		stop(w2)
		w3 := run("w3", stating("think", some), false) // its engine is not ready
		if m := q.described(t, r); m.Capabilities != all || m.Template != "steps" {
			t.Errorf("one that is not ready: got %+v, want the other", m)
		}
		time.Sleep(2 * protocol.AnnounceEvery) // w1 announces itself again
		stop(w1)
		if m := q.described(t, r); m.Counts != reasoning.SupportYes || m.Template != "steps" {
			t.Errorf("only one that is not ready: got %+v, want the last announcement of one that was", m)
		}
		stop(w3)
	})
}

// The last announcement of a model survives its workers and a restart of NATS. It is that of the
// last worker whose engine was ready.
func TestLastAnnouncementIsStored(t *testing.T) {
	natstest.Outside(t)
	dir := t.TempDir()
	can := policy.Capabilities{Counts: reasoning.SupportNo}
	with := func(body func(t *testing.T, q *rig)) {
		synctest.Test(t, func(t *testing.T) {
			s, err := natsd.Start(natsd.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			body(t, newRig(t, s, 1, Config{}))
		})
	}
	with(func(t *testing.T, q *rig) {
		w := q.run(t, stating("steps", can), WorkerConfig{})
		synctest.Wait()
		w.crash()
		<-w.ended
	})
	with(func(t *testing.T, q *rig) {
		if m := q.described(t, q.roster(t)); m.Capabilities != can {
			t.Errorf("after a restart of NATS: got %+v, want %+v", m, can)
		}
	})
}

// A worker whose announcement cannot be kept runs as before. One that lives puts its announcement
// back once an operator has removed it, within KeepEvery.
func TestKeptAnnouncementsAreBounded(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		kv, err := q.js.KeyValue(t.Context(), protocol.ModelsBucket)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kv.Put(t.Context(), "large", make([]byte, maxKeptValue+1)); err == nil {
			t.Error("a value above the largest size is kept, want it refused")
		}
		filled := 0
		for ; err == nil; filled++ {
			_, err = kv.Put(t.Context(), "other-"+strings.Repeat("x", filled%100)+string(rune('a'+filled%26)), make([]byte, maxKeptValue/2))
			if filled > 10*maxKept/maxKeptValue {
				t.Fatal("the bucket is not bounded")
			}
		}
		r := q.roster(t)
		w := q.run(t, stating("steps", policytest.Able), WorkerConfig{})
		synctest.Wait()
		if m := q.described(t, r); m.Capabilities != policytest.Able {
			t.Errorf("with a full bucket: got %+v", m)
		}
		if _, _, err := collect(t.Context(), q, request("s", 2)); err != nil {
			t.Error(err)
		}
		stream, err := q.js.Stream(t.Context(), "KV_"+protocol.ModelsBucket)
		if err == nil {
			err = stream.Purge(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		kept := func() bool {
			a, err := readKept(t.Context(), q.js, "script")
			return err == nil && a != nil && a.Capabilities == policytest.Able
		}
		time.Sleep(protocol.KeepEvery + protocol.AnnounceEvery)
		if !kept() {
			t.Error("the announcement is not kept once there is room")
		}
		if err := Forget(t.Context(), q.js, "script"); err != nil || kept() {
			t.Errorf("forgotten: got error %v, kept: %v", err, kept())
		}
		time.Sleep(protocol.KeepEvery + protocol.AnnounceEvery)
		if !kept() {
			t.Error("a live worker does not put its announcement back")
		}
		w.stop()
		<-w.ended
	})
}
