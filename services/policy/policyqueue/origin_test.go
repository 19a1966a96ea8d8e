package policyqueue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// The claim of an attempt at a cancelled job does not claim a later job of the same name,
// whose cancellation would not stop the attempt. The claim of an attempt for another client
// does, as that client may have crashed.
func TestAttemptAtACancelledJobClaimsNoLaterJob(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var expands sync.WaitGroup
		defer expands.Wait()
		publish := func(ctx context.Context) protocol.Job {
			expands.Go(func() { collect(ctx, q, request("s", 2)) })
			synctest.Wait()
			stream, err := q.js.Stream(t.Context(), protocol.Stream)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := stream.GetMsg(t.Context(), stream.CachedInfo().State.LastSeq)
			if err != nil {
				t.Fatal(err)
			}
			job, err := protocol.DecodeJob(&nats.Msg{Data: stored.Data})
			if err != nil {
				t.Fatal(err)
			}
			return job
		}
		ctx, cancel := context.WithCancel(t.Context())
		first := publish(ctx)
		cancel()
		synctest.Wait()
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		second := publish(ctx)
		if first.Name != second.Name || first.Epoch == second.Epoch {
			t.Fatalf("jobs are %s and %s, want the same name and different epochs", first.ID(), second.ID())
		}
		for _, c := range []struct {
			epoch string
			want  []int
		}{{first.Epoch, nil}, {"another-1", []int{0, 1}}, {"", []int{0, 1}}, {second.Epoch, []int{0, 1}}} {
			claim := protocol.Result{Job: second.Name, Epoch: c.epoch, Start: policy.Start{Attempt: 1}, Event: protocol.Claim{}}
			body, err := claim.Encode()
			if err != nil {
				t.Fatal(err)
			}
			reply, err := q.nc.Request(protocol.ResultSubject("s"), body, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := protocol.DecodeReply(reply.Data); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("epoch %q: missing children %v and error %v, want %v", c.epoch, got, err, c.want)
			}
		}
	})
}

// The claimant of a job is stopped even if all children come from an attempt at a cancelled
// job of the same name, which has the same Start.
func TestClaimantIsStoppedWhenAnotherAttemptCompletesTheJob(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		r := request("s", 2)
		var start policy.Start
		r.OnStart = func(s policy.Start) { start = s }
		ended := make(chan error, 1)
		go func() { _, _, err := collect(t.Context(), q, r); ended <- err }()
		synctest.Wait()
		for _, j := range q.jobs.allStored() {
			for _, ordinal := range r.Ordinals {
				child := policy.Child{
					Ordinal: ordinal, Steps: []reasoning.Step{{Text: "2", Tokens: 1}}, Finish: reasoning.FinishEnd,
					Usage: reasoning.Usage{Generated: 1},
				}
				result := protocol.Result{
					Job: j.name, Epoch: q.publisher.epoch + "-0", Start: start, Event: protocol.Child{Child: child},
				}
				body, err := result.Encode()
				if err == nil {
					err = q.nc.Publish(protocol.ResultSubject("s"), body)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		q.checkElapsed(t, 0)
		if got := engine.Calls(); len(got) != 1 || !errors.Is(got[0].Err, context.Canceled) {
			t.Errorf("the engine's calls are %+v, want one that was cancelled", got)
		}
		q.checkEmpty(t)
	})
}
