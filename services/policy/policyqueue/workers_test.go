package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// searchOf names the n-th search that lies in this of partitions.
func searchOf(partition, partitions, n int) string {
	for i := 0; ; i++ {
		search := fmt.Sprint("search", i)
		hash := fnv.New32a() // JetStream's
		hash.Write([]byte(search))
		if int(hash.Sum32()%uint32(partitions)) == partition {
			if n == 0 {
				return search
			}
			n--
		}
	}
}

// by counts children by worker.
func by(children map[int]policy.Child) map[string]int {
	count := make(map[string]int)
	for _, c := range children {
		count[c.Worker]++
	}
	return count
}

func TestSearchesStickToTheirOwner(t *testing.T) {
	bubble(t, Config{Partitions: 4}, func(t *testing.T, q *rig) {
		for i := range 2 {
			q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: fmt.Sprint(i), Index: i, Of: 2, Slots: 32})
		}
		for p := range 4 {
			for n := range 4 {
				if got := by(q.all(t, request(searchOf(p, 4, n), 16))); got[fmt.Sprint(p%2)] != 16 {
					t.Errorf("search %d of partition %d was done by %v, want all by its owner %d", n, p, got, p%2)
				}
			}
		}
		q.took(t, 16*time.Second)
	})
}

// Where several wait on one partition, its owner is served first, however long the
// others have waited; they get what it has no place for.
func TestOwnerIsServedFirst(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		for _, i := range []int{1, 0} {
			q.worker(t, tenSeconds(), WorkerConfig{Name: fmt.Sprint(i), Index: i, Of: 2, Slots: 16})
		}
		for _, c := range []struct{ n, owners int }{{16, 16}, {24, 16}} {
			synctest.Wait() // until both wait: the owner may not be back from the round before
			if got := by(q.all(t, request(fmt.Sprint("search", c.n), c.n))); got["0"] != c.owners || got["1"] != c.n-c.owners {
				t.Errorf("of %d children, %v by each worker, want %d by the owner", c.n, got, c.owners)
			}
		}
		q.took(t, 20*time.Second)
	})
}

// The server rings before its consumer knows of the job. An owner that pulls in
// between still gets it, and leaves it neither to others nor to its next wait.
func TestRingMayComeBeforeTheJob(t *testing.T) {
	bubble(t, Config{Partitions: 2}, func(t *testing.T, q *rig) {
		stream, err := q.js.Stream(t.Context(), streamName)
		if err != nil {
			t.Fatal(err)
		}
		silent := stream.CachedInfo().Config
		silent.RePublish = nil // the only ring is the one below
		if _, err := q.js.UpdateStream(t.Context(), silent); err != nil {
			t.Fatal(err)
		}
		w := q.worker(t, tenSeconds(), WorkerConfig{Slots: 16}) // it owns both partitions, and waits on 0
		time.Sleep(100 * time.Millisecond)                      // its first look around is over
		w.sources.rang(1)
		time.Sleep(lingering / 2)
		q.all(t, request(searchOf(1, 2, 0), 8))
		q.took(t, 100*time.Millisecond+lingering/2+10*time.Second)
	})
}

// What the owner has no place for is done by whoever has, at once or when its own
// pulls have waited.
func TestNobodyIdlesWhileJobsWait(t *testing.T) {
	bubble(t, Config{Partitions: 2}, func(t *testing.T, q *rig) {
		for i := range 2 {
			q.worker(t, tenSeconds(), WorkerConfig{Name: fmt.Sprint(i), Index: i, Of: 2, Slots: 16})
		}
		got := by(q.all(t, request(searchOf(0, 2, 0), 32)))
		if got["0"] != 16 || got["1"] != 16 {
			t.Errorf("children by worker are %v, want 16 each", got)
		}
		if took, most := time.Since(q.start), 10*time.Second+500*time.Millisecond+2*hesitation; took > most {
			t.Errorf("took %v, want at most %v", took, most)
		}
	})
}

// Fewer or more workers than were planned for do all the same.
func TestOwnersMayBeMissing(t *testing.T) {
	for _, indices := range [][]int{{2}, {0, 1, 2, 3, 4}} {
		bubble(t, Config{Partitions: 3}, func(t *testing.T, q *rig) {
			for _, i := range indices {
				q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: fmt.Sprint(i), Index: i, Of: 5, Slots: 16})
			}
			for p := range 3 {
				q.all(t, request(searchOf(p, 3, 0), 8))
			}
			if took := time.Since(q.start); took > 3*time.Second+3*5*hesitation {
				t.Errorf("took %v, want 3s and a little hesitation", took)
			}
			if load, err := q.Load(t.Context()); err != nil || load.Waiting < len(indices) {
				t.Errorf("load is %+v and error %v, want at least %d that wait", load, err, len(indices))
			}
			q.empty(t)
		})
	}
}

// A counting policy counts the sequences that it writes at the same time.
type counting struct {
	policy.Policy
	mu        sync.Mutex
	now, most int
}

func (c *counting) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.most = max(c.most, c.now)
}

func (c *counting) sequences() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *counting) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		left := len(r.Ordinals)
		c.add(left)
		defer func() { c.add(-left) }()
		for child, err := range c.Policy.Expand(ctx, r) {
			if err == nil {
				left--
				c.add(-1)
			}
			if !yield(child, err) {
				return
			}
		}
	}
}

// Pulls that wait and sequences that run never need more slots than there are, over
// all partitions together, as the server sees it.
func TestPullsNeverExceedSlots(t *testing.T) {
	for _, partitions := range []int{1, 3, 8} {
		bubble(t, Config{Partitions: partitions}, func(t *testing.T, q *rig) {
			const slots = 20
			engine := &counting{Policy: say(func(ordinal int, l *policytest.Reply) { l.Delay = time.Duration(1+ordinal%5) * time.Second })}
			w := q.worker(t, engine, WorkerConfig{Slots: slots})
			var all sync.WaitGroup
			for i := range 40 {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 300 * time.Millisecond)
					q.all(t, request(fmt.Sprint("search", i), 1+i%11))
				})
			}
			done := make(chan struct{})
			go func() { all.Wait(); close(done) }()
			for running := true; running; {
				time.Sleep(130 * time.Millisecond)
				synctest.Wait()
				load, err := q.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := load.Waiting*w.room + engine.sequences(); got > slots {
					t.Fatalf("%d pulls wait and %d sequences run, for %d slots", load.Waiting, engine.sequences(), slots)
				}
				select {
				case <-done:
					running = false
				default:
				}
			}
			if engine.most > slots || engine.most < slots-q.cfg.Cap {
				t.Errorf("at most %d sequences at a time, want %d to %d", engine.most, slots-q.cfg.Cap, slots)
			}
			q.empty(t)
		})
	}
}

// An idle queue costs a few messages a second, not a loop.
func TestIdleWorkersAreQuiet(t *testing.T) {
	bubble(t, Config{Partitions: 4}, func(t *testing.T, q *rig) {
		w := q.worker(t, tenSeconds(), WorkerConfig{Slots: 64})
		before := w.nc.Stats().OutMsgs
		time.Sleep(time.Minute)
		if got := w.nc.Stats().OutMsgs - before; got > 60*20 {
			t.Errorf("%d messages in a minute, want at most 20 a second", got)
		}
	})
}

func TestOtherModelsAndVersionsAreForOthers(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		old, current := tenSeconds(), tenSeconds()
		old.Identity.Name, old.Identity.Version = "script", "1"
		current.Identity.Name, current.Identity.Version = "script", "2"
		q.worker(t, old, WorkerConfig{Name: "old"})
		r := request("s", 1)
		r.Model.Version = "2"
		done := make(chan struct{})
		go func() { q.all(t, r); close(done) }()
		time.Sleep(100 * time.Millisecond) // the old one has put it back
		q.worker(t, current, WorkerConfig{Name: "current", Slots: 64})
		<-done
		if got := len(old.Calls()); got > 0 {
			t.Errorf("%d calls of the old version, want none", got)
		}
		r.Model.Version = "3"
		if _, _, err := expand(t.Context(), q, r); !errors.Is(err, policy.ErrModel) {
			t.Errorf("a version nobody has: got %v, want ErrModel", err)
		}
		r.Model.Name = "other"
		if _, _, err := expand(t.Context(), q, r); !errors.Is(err, policy.ErrModel) {
			t.Errorf("a model nobody has: got %v, want ErrModel", err)
		}
		q.empty(t)
	})
}

// A worker of before there were attempts and stops would write as if there were none.
func TestAttemptsAndStopsAreForWorkersThatKnowThem(t *testing.T) {
	plain := request("s", 1)
	if got := versionOf(plain); got != version {
		t.Errorf("without either a job has version %d, want %d, which every worker knows", got, version)
	}
	revised, stopped := plain, plain
	revised.Attempts, stopped.Stop = []string{"A:5\n"}, "#\n"
	for _, r := range []policy.Request{revised, stopped} {
		if got := versionOf(r); got <= version {
			t.Errorf("attempts %q and stop %q: a job has version %d, want one that workers of version %d put back", r.Attempts, r.Stop, got, version)
		}
	}
}
