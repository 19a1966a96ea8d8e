package policyqueue

import (
	"slices"
	"sync"
	"time"
)

// ownerHeadStart is how much later each next worker looks for a job of another's
// partition.
const ownerHeadStart = 5 * time.Millisecond

// pullGrace is how long a pull for a job of which the owner was notified waits: the
// server notifies a moment before its consumer has the job.
const pullGrace = 2 * time.Millisecond

// sources decide from which partition a worker pulls next.
//
// Partitions of which the worker was notified come first, in the order of its
// priorities. On the partitions that it owns the worker also waits, with the best
// priority: so a search stays with the worker that has its prefix while that has free
// slots, and else goes to one that has. The slots of one pull are kept for
// notifications of other partitions, unless there are no others.
type sources struct {
	wake func() // is called, without the lock, when a partition is notified

	mu       sync.Mutex
	order    []source // best priority first
	own      int      // how many of order are waited on
	notified []bool   // by partition: a job may be there
	delayed  []bool   // by partition: a notification counts in a moment
	waiting  []int    // by partition: pulls that wait
	allWaits int
}

// A source is a partition to pull from.
type source struct {
	partition int
	priority  int // of the pull: 0, best, to 9
	wait      bool
}

func newSources(partitions, index, of int, wake func()) *sources {
	s := &sources{
		wake: wake, notified: make([]bool, partitions), delayed: make([]bool, partitions), waiting: make([]int, partitions),
	}
	for p := range partitions {
		distance := (index - p%of + of) % of // 0 for what it owns
		s.order = append(s.order, source{partition: p, priority: min(9, distance)})
		if distance == 0 {
			s.own++
		}
	}
	slices.SortStableFunc(s.order, func(a, b source) int { return a.priority - b.priority })
	s.own = max(1, s.own) // where workers are more than partitions
	if partitions > 1 {
		s.notifyAll()
	}
	return s
}

// next returns where to pull from now; spare says whether there are slots for one more
// pull. The caller calls ended when the pull has ended.
func (s *sources) next(spare bool) (source, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.order {
		if s.notified[src.partition] {
			s.notified[src.partition] = false // before the pull is sent: later notifications count
			return src, true
		}
	}
	if len(s.order) > 1 && !spare && s.allWaits > 0 {
		return source{}, false
	}
	src := slices.MinFunc(s.order[:s.own], func(a, b source) int { return s.waiting[a.partition] - s.waiting[b.partition] })
	src.wait = true
	s.waiting[src.partition]++
	s.allWaits++
	return src, true
}

// ended records that a pull has ended, and whether it returned a job.
func (s *sources) ended(src source, job bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.wait {
		s.waiting[src.partition]--
		s.allWaits--
	} else if job {
		s.notified[src.partition] = true // there may be more
	}
}

// notify records that a job was stored in a partition. For the owner that counts at
// once, for the others one after the other a little later, so that it goes to them
// only if the owner has no slots for it (delay scheduling: Zaharia et al., EuroSys 2010).
func (s *sources) notify(partition int) {
	s.mu.Lock()
	i := slices.IndexFunc(s.order, func(src source) bool { return src.partition == partition })
	if i < 0 || s.delayed[partition] {
		s.mu.Unlock()
		return
	}
	s.delayed[partition] = true
	s.mu.Unlock()
	count := func() {
		s.mu.Lock()
		s.delayed[partition] = false
		s.notified[partition] = true
		s.mu.Unlock()
		s.wake()
	}
	if delay := time.Duration(s.order[i].priority) * ownerHeadStart; delay > 0 {
		time.AfterFunc(delay, count)
		return
	}
	count()
}

// notifyAll records that there may be jobs in any partition.
func (s *sources) notifyAll() {
	for p := range s.notified {
		s.notify(p)
	}
}
