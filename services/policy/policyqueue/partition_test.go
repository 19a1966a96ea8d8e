package policyqueue

import (
	"fmt"
	"hash/fnv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// searchOf returns the n-th search in a partition; partitions is the number of partitions.
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

// countByWorker returns the number of children by worker.
func countByWorker(children map[int]policy.Child) map[string]int {
	count := make(map[string]int)
	for _, c := range children {
		count[c.Worker]++
	}
	return count
}

// ownerOf returns the worker that owns a partition; partitions is the number of partitions.
func ownerOf(partition, partitions int, workers ...string) string {
	return workers[owners(workers, partitions)[partition]]
}

func TestSearchStaysWithPartitionOwner(t *testing.T) {
	partitioned(t, 4, Config{}, func(t *testing.T, q *rig) {
		for _, name := range []string{"a", "b"} {
			q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: name, Slots: 32})
		}
		time.Sleep(100 * time.Millisecond) // until the pulls of the first worker alone have ended
		q.start = time.Now()
		for p := range 4 {
			owner := ownerOf(p, 4, "a", "b")
			for n := range 4 {
				if got := countByWorker(q.mustExpand(t, request(searchOf(p, 4, n), 16))); got[owner] != 16 {
					t.Errorf("search %d of partition %d: children by worker are %v, want all by the owner %s", n, p, got, owner)
				}
			}
		}
		q.checkElapsed(t, 16*time.Second)
	})
}

// If several workers wait in one partition, its owner gets jobs first, even if the others
// have waited longer. They get the jobs for which the owner has no slots.
func TestOwnerIsServedFirst(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, q *rig) {
		owner, other := "a", "b"
		if ownerOf(0, 1, owner, other) != owner {
			owner, other = other, owner
		}
		for _, name := range []string{other, owner} {
			q.worker(t, tenSeconds(), WorkerConfig{Name: name, Slots: 16})
		}
		for _, c := range []struct{ n, owners int }{{16, 16}, {24, 16}} {
			synctest.Wait() // until both wait: the owner may be busy with the previous round
			got := countByWorker(q.mustExpand(t, request(fmt.Sprint("search", c.n), c.n)))
			if got[owner] != c.owners || got[other] != c.n-c.owners {
				t.Errorf("%d children: by worker they are %v, want %d by the owner", c.n, got, c.owners)
			}
		}
		q.checkElapsed(t, 20*time.Second)
	})
}

// The server notifies before its consumer has the job. The pull of an owner that was notified
// waits for the job.
func TestPullOfTheOwnerWaitsForTheJob(t *testing.T) {
	partitioned(t, 2, Config{}, func(t *testing.T, q *rig) {
		stream, err := q.js.Stream(t.Context(), protocol.Stream)
		if err != nil {
			t.Fatal(err)
		}
		cfg := stream.CachedInfo().Config
		cfg.RePublish = nil // no notification but the one below
		if _, err := q.js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		w := q.worker(t, tenSeconds(), WorkerConfig{Slots: 16}) // owns both partitions, and waits in 0
		time.Sleep(100 * time.Millisecond)                      // until its first pulls have ended
		w.sources.notify(1)
		time.Sleep(pullGrace / 2)
		q.mustExpand(t, request(searchOf(1, 2, 0), 8))
		q.checkElapsed(t, 100*time.Millisecond+pullGrace/2+10*time.Second)
	})
}

// Jobs for which the owner has no slots go to workers with free slots, at once or when the
// pulls of those have expired.
func TestOverflowGoesToWorkersWithFreeSlots(t *testing.T) {
	partitioned(t, 2, Config{}, func(t *testing.T, q *rig) {
		for _, name := range []string{"a", "b"} {
			q.worker(t, tenSeconds(), WorkerConfig{Name: name, Slots: 16})
		}
		got := countByWorker(q.mustExpand(t, request(searchOf(0, 2, 0), 32)))
		if got["a"] != 16 || got["b"] != 16 {
			t.Errorf("children by worker are %v, want 16 each", got)
		}
		if took, most := time.Since(q.start), 10*time.Second+500*time.Millisecond+2*ownerHeadStart; took > most {
			t.Errorf("took %v, want at most %v", took, most)
		}
	})
}

// Fewer workers than partitions, and more, do all jobs. Afterwards each worker waits.
func TestAnyNumberOfWorkersServesAllPartitions(t *testing.T) {
	for _, workers := range []int{1, 5} {
		partitioned(t, 3, Config{}, func(t *testing.T, q *rig) {
			for i := range workers {
				q.worker(t, policytest.Steps(1, time.Second), WorkerConfig{Name: fmt.Sprint(i), Slots: 16})
			}
			for p := range 3 {
				q.mustExpand(t, request(searchOf(p, 3, 0), 8))
			}
			if took := time.Since(q.start); took > 3*time.Second+3*5*ownerHeadStart {
				t.Errorf("took %v, want 3s and the head start of each owner", took)
			}
			if load, err := q.monitor.Load(t.Context()); err != nil || load.Waiting < workers {
				t.Errorf("got load %+v and error %v, want at least %d pulls that wait", load, err, workers)
			}
			q.checkEmpty(t)
		})
	}
}

// An idle worker sends at most 20 messages per second.
func TestIdleWorkerSendsFewMessages(t *testing.T) {
	partitioned(t, 4, Config{}, func(t *testing.T, q *rig) {
		w := q.worker(t, tenSeconds(), WorkerConfig{Slots: 64})
		before := w.nc.Stats().OutMsgs
		time.Sleep(time.Minute)
		if got := w.nc.Stats().OutMsgs - before; got > 60*20 {
			t.Errorf("%d messages in a minute, want at most 20 per second", got)
		}
	})
}
