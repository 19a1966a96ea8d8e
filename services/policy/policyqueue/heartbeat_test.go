package policyqueue

import (
	"context"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// A ticking generates ten tokens of each unfinished child in a second, and tells each.
type ticking struct {
	*policytest.Script
	generated *atomic.Int64 // of all children
}

func newTicking(s *policytest.Script) ticking { return ticking{s, &atomic.Int64{}} }

func (p ticking) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		tell := r.OnProgress
		r.OnProgress = nil
		var mu sync.Mutex
		unfinished := make(map[int]int64) // tokens, by ordinal
		for _, ordinal := range r.Ordinals {
			unfinished[ordinal] = 0
		}
		generate := func() {
			mu.Lock()
			defer mu.Unlock()
			for ordinal := range unfinished {
				unfinished[ordinal]++
				p.generated.Add(1)
				tell(ordinal, reasoning.Usage{Generated: unfinished[ordinal]})
			}
		}
		ctx, stop := context.WithCancel(ctx)
		var work sync.WaitGroup
		work.Go(func() {
			sleep(ctx, 30*time.Millisecond) // not in the same instants as heartbeats
			for ctx.Err() == nil {
				generate()
				sleep(ctx, 100*time.Millisecond)
			}
		})
		defer func() { stop(); work.Wait() }()
		for child, err := range p.Script.Expand(ctx, r) {
			mu.Lock()
			if err == nil {
				child.Usage = reasoning.Usage{Generated: unfinished[child.Ordinal]}
				delete(unfinished, child.Ordinal)
			} else {
				child.Usage = reasoning.Usage{}
				for _, tokens := range unfinished {
					child.Usage.Generated += tokens
				}
				clear(unfinished)
			}
			mu.Unlock()
			if !yield(child, err) {
				return
			}
		}
	}
}

// withoutProgress returns an option that drops what a worker's connection tells of unfinished
// children.
func (q *rig) withoutProgress() nats.Option {
	return natstest.Tamper(q.server, func(p natstest.Publication) int {
		if result, err := protocol.DecodeResult(p.Data); strings.HasPrefix(p.Subject, "res.") && err == nil && result.Event == nil {
			return 0
		}
		return 1
	})
}

// costOf expands r, waiting after each child, settles its search, and returns the cost of all.
func (q *rig) costOf(ctx context.Context, r policy.Request, slow time.Duration) (cost reasoning.Cost, err error) {
	var mu sync.Mutex
	add := func(c reasoning.Cost) {
		mu.Lock()
		defer mu.Unlock()
		cost = cost.Add(c)
	}
	r.OnWaste = add
	for child, e := range q.Expand(ctx, r) {
		if add(child.Cost()); e != nil {
			err = e
		}
		sleep(ctx, slow)
	}
	unknown := q.Settle(context.Background(), r.Search)
	add(reasoning.Cost{Unknown: unknown})
	return cost, err
}

// While an attempt runs, its worker tells four times a second what it has spent, on finished and on
// unfinished children; every other result tells it, too.
func TestWorkersTellWhatAnAttemptHasSpent(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var reported []int64
		if _, err := q.nc.Subscribe(protocol.ResultSubject("s"), func(m *nats.Msg) {
			if r, err := protocol.DecodeResult(m.Data); err == nil {
				reported = append(reported, r.Spent.Generated)
			}
		}); err != nil {
			t.Fatal(err)
		}
		engine := script(func(ordinal int, reply *policytest.Reply) {
			reply.Delay = time.Duration(600+300*ordinal) * time.Millisecond
		})
		q.worker(t, newTicking(engine), WorkerConfig{})
		q.mustExpand(t, request("s", 2))
		synctest.Wait()
		// The claim; heartbeats after 250 and 500 ms; the first child; a heartbeat after 750 ms; the second child.
		if diff := cmp.Diff(reported, []int64{0, 2 * 3, 2 * 5, 6 + 6, 6 + 8, 6 + 9}); diff != "" {
			t.Errorf("reported (got before want):\n%s", diff)
		}
		q.checkEmpty(t)
	})
}

// What a crashed worker has reported is lost, and what it may have generated since is unknown. As a
// negative control, all is unknown if it tells nothing.
func TestCrashedAttemptIsBilledAsFarAsItHasTold(t *testing.T) {
	for _, tells := range []bool{true, false} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			var opts []nats.Option
			if !tells {
				opts = append(opts, q.withoutProgress())
			}
			engine := newTicking(tenSeconds())
			first := q.worker(t, engine, WorkerConfig{Name: "first"}, opts...)
			go func() {
				time.Sleep(5100 * time.Millisecond) // 51 tokens of each child, of which 50 are reported
				first.crash()
				synctest.Wait()
				q.worker(t, engine, WorkerConfig{Name: "second"})
			}()
			cost, err := q.costOf(t.Context(), request("s", 2), 0)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			lost, most := int64(2*50), int64(2*100) // two children of at most 100 tokens
			if !tells {
				lost = 0
			}
			gap := engine.generated.Load() - cost.Usage.Generated
			if cost.Waste.Lost.Generated != lost || gap != 2*51-lost || cost.Unknown.Generated != most-lost {
				t.Errorf("tells %v: %d tokens are lost, %d missing and %d unknown, want %d, %d and %d",
					tells, cost.Waste.Lost.Generated, gap, cost.Unknown.Generated, lost, 2*51-lost, most-lost)
			}
		})
	}
}

// An attempt that goes on while another repeats its job tells the rest after all children have come:
// each token is billed once, and none is unknown. It is stopped, or delivers a child that has come
// before while the caller still handles the last one.
func TestAttemptsAtTheSameJobAreBilledOnce(t *testing.T) {
	for name, c := range map[string]struct{ takes, slow time.Duration }{
		"stopped":          {time.Hour, 0},
		"delivers a child": {15500 * time.Millisecond, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				// Without heartbeats to JetStream, the first attempt of the only worker is repeated after 10 s. It
				// delivers child 0 after 8 s; the second attempt delivers child 1 after 10 + 5 s.
				var mu sync.Mutex
				begun := make(map[int]bool)
				engine := newTicking(script(func(ordinal int, reply *policytest.Reply) {
					mu.Lock()
					defer mu.Unlock()
					switch {
					case begun[ordinal]:
						reply.Delay = 5 * time.Second
					case ordinal == 0:
						reply.Delay = 8 * time.Second
					default:
						reply.Delay = c.takes
					}
					begun[ordinal] = true
				}))
				q.worker(t, engine, WorkerConfig{}, q.withoutHeartbeats())
				cost, err := q.costOf(t.Context(), request("s", 2), c.slow)
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if got, want := cost.Usage.Generated, engine.generated.Load(); got != want || cost.Unknown != (reasoning.Usage{}) {
					t.Errorf("%d tokens are billed and %d unknown, want all %d and none", got, cost.Unknown.Generated, want)
				}
				if lost := cost.Waste.Lost.Generated; lost < 100 {
					t.Errorf("%d tokens are lost, want those of the first attempt at child 1", lost)
				}
			})
		})
	}
}
