package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// say is a Script whose children are those of tenSeconds, changed by f.
func say(f func(ordinal int, l *policytest.Reply)) *policytest.Script {
	s := tenSeconds()
	base := s.Reply
	s.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		l := base(r, ordinal)
		f(ordinal, &l)
		return l
	}
	return s
}

func TestCrashedWorkersJobGoesToAnother(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		var first *testWorker
		crashing := say(func(ordinal int, l *policytest.Reply) {
			l.Delay = time.Second
			if ordinal >= 4 {
				l.Delay, l.Do = 5*time.Second, func() { first.crash() }
			}
		})
		first = q.worker(t, crashing, WorkerConfig{Name: "first"})
		var started []string
		r := request("s", 8)
		r.OnStart = func(s policy.Start) { started = append(started, fmt.Sprint(s.Worker, s.Attempt)) }
		heir := tenSeconds()
		synctest.Wait()
		var children map[int]policy.Child
		done := make(chan struct{})
		go func() { children = q.all(t, r); close(done) }()
		time.Sleep(2 * time.Second)
		q.worker(t, heir, WorkerConfig{Name: "heir"})
		<-done

		// The last sign of life came after AckWait/3, then AckWait passes, and the heir takes ten seconds.
		q.took(t, q.cfg.AckWait/3+q.cfg.AckWait+10*time.Second)
		if diff := cmp.Diff(calls(heir), []string{"[4 5 6 7] given [4 5 6 7]"}); diff != "" {
			t.Errorf("heir's work (got before want):\n%s", diff)
		}
		if diff := cmp.Diff(started, []string{"first1", "heir2"}); diff != "" {
			t.Errorf("starts (got before want):\n%s", diff)
		}
		if a, b := children[3], children[4]; a.Worker != "first" || a.Attempt != 1 || b.Worker != "heir" || b.Attempt != 2 {
			t.Errorf("children are of %+v and %+v", a.Start, b.Start)
		}
		q.empty(t)
	})
}

func TestHeartbeatsKeepALongJob(t *testing.T) {
	for _, c := range []struct {
		beats bool
		calls int
	}{{true, 1}, {false, 4}} { // without them, attempts begin after 0, 10, 20 and 30 s
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			slow := say(func(_ int, l *policytest.Reply) { l.Delay = 3*q.cfg.AckWait + time.Second })
			q.worker(t, slow, WorkerConfig{}, func(w *Worker) { w.noHeartbeats = !c.beats })
			q.all(t, request("s", 2))
			q.took(t, 3*q.cfg.AckWait+time.Second)
			if got := len(slow.Calls()); got != c.calls {
				t.Errorf("heartbeats %v: %d calls of the policy, want %d", c.beats, got, c.calls)
			}
			q.empty(t)
		})
	}
}

func TestDuplicatesAreDropped(t *testing.T) {
	for _, c := range []struct {
		keep bool
		want []int
	}{{false, []int{0, 1}}, {true, []int{0, 0}}} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			q.keepDuplicates = c.keep
			// Without heartbeats a second attempt begins after 10 s: its child 0 comes at 25 s, before the first one's child 1.
			slow := say(func(ordinal int, l *policytest.Reply) { l.Delay = time.Duration(15+25*ordinal) * time.Second })
			q.worker(t, slow, WorkerConfig{}, func(w *Worker) { w.noHeartbeats = true })
			got, _, err := expand(t.Context(), q, request("s", 2))
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("duplicates kept %v: got children %v and error %v, want %v", c.keep, got, err, c.want)
			}
		})
	}
}

func TestCancelInTheQueue(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		time.AfterFunc(5*time.Second, cancel)
		if _, _, err := expand(ctx, q, request("s", 16)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		q.took(t, 5*time.Second)
		q.empty(t)
	})
}

func TestCancelStopsTheEngine(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, q *rig) error{
		"context": func(t *testing.T, q *rig) error {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Second, cancel)
			_, _, err := expand(ctx, q, request("s", 16))
			return err
		},
		"leaving": func(t *testing.T, q *rig) error {
			for range q.Expand(t.Context(), request("s", 16)) { // the first comes after 5 s
				break
			}
			return context.Canceled
		},
		"search": func(t *testing.T, q *rig) error {
			time.AfterFunc(5*time.Second, func() {
				if err := q.Cancel(t.Context(), "s"); err != nil {
					t.Error(err)
				}
			})
			_, _, err := expand(t.Context(), q, request("s", 16))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				engine := say(func(ordinal int, l *policytest.Reply) {
					if ordinal == 0 && name == "leaving" {
						l.Delay = 5 * time.Second
					}
				})
				q.worker(t, engine, WorkerConfig{Slots: 8}) // the second job is in the queue
				if err := leave(t, q); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want context.Canceled", err)
				}
				synctest.Wait()
				q.took(t, 5*time.Second)
				for _, c := range engine.Calls() {
					if !c.Ended || !errors.Is(c.Err, context.Canceled) {
						t.Errorf("the engine's call ended %v with %v, want context.Canceled", c.Ended, c.Err)
					}
				}
				if got := len(engine.Calls()); got != 1 {
					t.Errorf("%d calls of the engine, want 1", got)
				}
				q.empty(t)
			})
		})
	}
}

// What workers have written when they are stopped comes with the error: children that
// were not finished, and in the second job, which no worker began, nothing.
func TestWhatIsWrittenInVainIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		silent bool
		end    time.Duration
		want   int64
	}{{"told", false, 5 * time.Second, 6 * 3}, {"a worker that says nothing is waited for a little", true, 5*time.Second + lastWord, 0}} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				engine := say(func(ordinal int, l *policytest.Reply) {
					l.Wasted = reasoning.Usage{Generated: 3}
					if ordinal < 2 {
						l.Delay = time.Second
					}
				})
				q.worker(t, engine, WorkerConfig{Slots: 8}, func(w *Worker) { w.silent = c.silent })
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				var vain, came int64
				for child, err := range q.Expand(ctx, request("s", 16)) {
					if came++; err != nil {
						vain = child.Usage.Generated
					}
				}
				if came != 3 || vain != c.want {
					t.Errorf("after %d children %d tokens are told, want %d after 2", came-1, vain, c.want)
				}
				q.took(t, c.end)
				q.empty(t)
			})
		})
	}
}

// A child that is finished while it is called off is paid, once, whether its engine, its
// worker or its owner thinks that it was delivered.
func TestFinishedWhileCalledOff(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, say(func(_ int, l *policytest.Reply) {
			l.Delay = time.Second
			l.Child.Usage.Generated, l.Wasted.Generated = 4, 4 // the same for one that is stopped at the last moment
		}), WorkerConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var told int64
		for child := range q.Expand(ctx, request("s", 8)) {
			told += child.Usage.Generated
			cancel()
		}
		if told != 8*4 {
			t.Errorf("told of %d tokens, want 32", told)
		}
	})
}

// Children that came while their caller was busy are its children, also where an error
// came before them.
func TestChildrenThatCameAfterAnError(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		q.worker(t, say(func(ordinal int, l *policytest.Reply) { l.Delay = time.Duration(ordinal+1) * time.Second }), WorkerConfig{})
		var last error
		came := 0
		for _, err := range q.Expand(t.Context(), request("s", 4)) {
			if last = err; err != nil {
				break
			}
			if came++; came == 1 {
				q.abandon("s")
				time.Sleep(time.Minute)
			}
		}
		if came != 4 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d children and then %v, want 4 and context.Canceled", came, last)
		}
	})
}

func TestDeadline(t *testing.T) {
	for _, workers := range []int{0, 1} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			engine := tenSeconds()
			for range workers {
				q.worker(t, engine, WorkerConfig{})
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
			defer cancel()
			if _, _, err := expand(ctx, q, request("s", 4)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d workers: got %v, want context.DeadlineExceeded", workers, err)
			}
			q.took(t, 5500*time.Millisecond)
			synctest.Wait()
			for _, c := range engine.Calls() {
				if !c.Ended || c.Err == nil {
					t.Errorf("the engine's call ended %v with %v", c.Ended, c.Err)
				}
			}
			q.empty(t)
		})
	}
}

// The deadline reaches the engine on its own: here no client is left to cancel.
func TestDeadlineReachesTheEngine(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		engine := tenSeconds()
		q.worker(t, engine, WorkerConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.AfterFunc(time.Second, q.nc.Close)
		expand(ctx, q, request("s", 4))
		synctest.Wait()
		got := engine.Calls()
		if len(got) != 1 || !errors.Is(got[0].Err, context.DeadlineExceeded) {
			t.Errorf("engine's calls are %+v, want one that ended with DeadlineExceeded", got)
		}
		q.took(t, 5*time.Second)
	})
}

func TestFailures(t *testing.T) {
	broken := errors.New("out of memory")
	for _, c := range []struct {
		name  string
		fail  func(*policytest.Reply)
		calls int
		took  time.Duration
		want  error
		says  string
	}{
		{"transient", func(l *policytest.Reply) { l.Err = broken }, 4, 4*time.Second + 5250*time.Millisecond, policy.ErrPoison, "out of memory"},
		{"unavailable", func(l *policytest.Reply) { l.Err = reasoning.ErrUnavailable }, 4, 4*time.Second + 5250*time.Millisecond, policy.ErrPoison, "unavailable"},
		{"panic", func(l *policytest.Reply) { l.Do = func() { panic("index out of range") } }, 4, 4*time.Second + 5250*time.Millisecond, policy.ErrPoison, "index out of range"},
		{"invalid", func(l *policytest.Reply) { l.Err = reasoning.Invalid("problem", "must be short") }, 1, time.Second, reasoning.ErrInvalid, "problem: must be short"},
		{"model", func(l *policytest.Reply) { l.Err = policy.ErrModel }, 1, time.Second, policy.ErrModel, "model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, q *rig) {
				engine := say(func(_ int, l *policytest.Reply) { l.Delay = time.Second; c.fail(l) })
				q.worker(t, engine, WorkerConfig{})
				_, _, err := expand(t.Context(), q, request("s", 1))
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %v saying %q", err, c.want, c.says)
				}
				if got := len(engine.Calls()); got != c.calls {
					t.Errorf("%d calls, want %d", got, c.calls)
				}
				q.took(t, c.took)
				q.empty(t)
			})
		})
	}
}

// A failure that passes is not seen by the caller, and what was good before it stays.
func TestTransientFailure(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		failures := 2
		engine := say(func(ordinal int, l *policytest.Reply) {
			l.Delay = time.Duration(ordinal+1) * time.Second
			if ordinal == 1 && failures > 0 {
				failures--
				l.Err = errors.New("hiccup")
			}
		})
		q.worker(t, engine, WorkerConfig{})
		q.all(t, request("s", 3))
		want := []string{"[0 1 2] given [0]", "[1 2] given []", "[1 2] given [1 2]"}
		if diff := cmp.Diff(calls(engine), want); diff != "" {
			t.Errorf("calls (got before want):\n%s", diff)
		}
		q.took(t, 2*time.Second+250*time.Millisecond+2*time.Second+time.Second+3*time.Second)
		q.empty(t)
	})
}

// A job that kills whoever takes it ends with an error that names the last one.
func TestPoison(t *testing.T) {
	bubble(t, Config{MaxDeliver: 3}, func(t *testing.T, q *rig) {
		for i := range 5 {
			var w *testWorker
			engine := say(func(_ int, l *policytest.Reply) { l.Delay, l.Do = time.Second, func() { w.crash() } })
			w = q.worker(t, engine, WorkerConfig{Name: fmt.Sprint("victim", i)})
		}
		_, _, err := expand(t.Context(), q, request("s", 1))
		if !errors.Is(err, policy.ErrPoison) || !strings.Contains(err.Error(), "victim") || !strings.Contains(err.Error(), "attempt 3") {
			t.Errorf("got %v, want ErrPoison that names the last worker and attempt", err)
		}
		q.took(t, 3*q.cfg.AckWait) // no sign of life comes before the crash
		q.empty(t)
	})
}

func TestNoWorkerThenOne(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		done := make(chan struct{})
		var children map[int]policy.Child
		go func() { children = q.all(t, request("s", 12)); close(done) }()
		synctest.Wait()
		load := func(want Load, attended bool) {
			t.Helper()
			got, err := q.Load(t.Context())
			if err != nil || got != want || got.Attended() != attended {
				t.Errorf("load is %+v, attended %v, error %v; want %+v, %v", got, got.Attended(), err, want, attended)
			}
		}
		load(Load{Queued: 2}, false)
		time.Sleep(time.Minute)
		q.worker(t, tenSeconds(), WorkerConfig{Slots: 24})
		load(Load{Running: 2, Waiting: 1}, true)
		<-done
		q.took(t, time.Minute+10*time.Second)
		if got := children[0].QueueWait; got != time.Minute {
			t.Errorf("waited %v, want 1m", got)
		}
		synctest.Wait()
		load(Load{Waiting: 3}, true)
	})
}

func TestNobodyEverComes(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		if _, _, err := expand(t.Context(), q, request("s", 1)); !errors.Is(err, reasoning.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		q.took(t, q.cfg.MaxAge)
		q.empty(t)
	})
}

func TestFullQueueRefuses(t *testing.T) {
	bubble(t, Config{MaxJobs: 2}, func(t *testing.T, q *rig) {
		if _, _, err := expand(t.Context(), q, request("s", 24)); !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got %v, want ErrOverloaded", err)
		}
		q.took(t, 0)
		q.empty(t) // of the two that it took, too
	})
}

func TestDrain(t *testing.T) {
	for _, c := range []struct {
		drain, ended, took time.Duration
	}{
		{20 * time.Second, 10 * time.Second, 10 * time.Second}, // the job is finished
		{5 * time.Second, 7 * time.Second, 17 * time.Second},   // it goes back, to the other at once
	} {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			done := make(chan struct{})
			go func() { q.all(t, request("s", 4)); close(done) }()
			w := q.worker(t, tenSeconds(), WorkerConfig{Drain: c.drain})
			time.Sleep(2 * time.Second)
			q.worker(t, tenSeconds(), WorkerConfig{Name: "other"})
			w.stop()
			err := <-w.ended
			w.ended <- nil
			if err != nil {
				t.Error(err)
			}
			q.took(t, c.ended)
			<-done
			q.took(t, c.took)
			q.empty(t)
		})
	}
}
