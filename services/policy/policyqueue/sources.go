package policyqueue

import (
	"cmp"
	"context"
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

// lowestPriority is the worst priority that a pull can have.
const lowestPriority = 9

// sources decide from which partition a worker pulls next.
//
// Partitions in which a job may be come first, in the order of the worker's priorities:
// the worker was notified, or has to check them as notifications are not sent for
// every delivery and may get lost. On the partitions that it owns the worker also
// waits, with the best priority: so a search stays with the worker that has its prefix
// while that has free slots, and else goes to one that has. The slots of one pull are
// kept for other partitions, and if those are not enough, pulls that wait are withdrawn.
type sources struct {
	wake func() // is called, without the lock, when there is something to pull

	mu         sync.Mutex
	partitions []*partition // best priority first
	own        int          // how many of them are waited on: the first
	waiting    []*waitingPull
}

// A partition is one of a worker's sources. It is guarded by sources.mu.
type partition struct {
	number   int
	rank     int  // of the worker there: 0 for the owner
	notified bool // a job was stored, or is just being stored
	check    bool // a job may be there that was stored before
	delayed  bool // a notification counts in a moment
	waiting  int  // pulls that wait
}

// pending reports whether a job may be in the partition.
func (p *partition) pending() bool { return p.notified || p.check }

// priority returns the priority of the worker's pulls: 0, best, to lowestPriority.
func (p *partition) priority() int { return min(p.rank, lowestPriority) }

// A source says how to pull once.
type source struct {
	partition *partition
	number    int
	priority  int
	notified  bool
	wait      *waitingPull // nil: the pull does not wait
}

// A waitingPull is a pull that waits for a job. It is guarded by sources.mu.
type waitingPull struct {
	partition *partition
	withdrawn context.Context // ends when it is withdrawn; not guarded
	withdraw  context.CancelFunc
}

func newSources(wake func()) *sources { return &sources{wake: wake} }

// assign sets the partitions, by number, and the worker's rank in each. If that changes
// anything, pulls that wait are withdrawn.
func (s *sources) assign(ranks map[int]int) {
	s.mu.Lock()
	partitions := make([]*partition, 0, len(ranks))
	for _, p := range s.partitions {
		if rank, ok := ranks[p.number]; ok && rank == p.rank {
			partitions = append(partitions, p)
		}
	}
	if len(partitions) == len(ranks) && len(partitions) == len(s.partitions) {
		s.mu.Unlock()
		return
	}
	s.withdrawAll()
	s.own = 0
	for number, rank := range ranks {
		if !slices.ContainsFunc(partitions, func(p *partition) bool { return p.number == number }) {
			partitions = append(partitions, &partition{number: number, rank: rank, check: len(ranks) > 1})
		}
		if rank == 0 {
			s.own++
		}
	}
	slices.SortFunc(partitions, func(a, b *partition) int { return cmp.Or(a.rank-b.rank, a.number-b.number) })
	s.partitions = partitions
	s.mu.Unlock()
	s.wake()
}

// close withdraws pulls that wait.
func (s *sources) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdrawAll()
}

// withdrawAll withdraws pulls that wait. The caller holds the lock.
func (s *sources) withdrawAll() {
	for _, w := range s.waiting {
		w.withdraw()
	}
}

// next returns how to pull now; spare says whether there are slots for one more pull.
// The caller calls ended when the pull has ended.
func (s *sources) next(spare bool) (source, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.partitions {
		if p.pending() {
			src := source{partition: p, number: p.number, priority: p.priority(), notified: p.notified}
			p.notified, p.check = false, false // before the pull is sent: later notifications count
			return src, true
		}
	}
	if len(s.partitions) == 0 || len(s.partitions) > 1 && !spare && len(s.waiting) > 0 {
		return source{}, false
	}
	own := s.partitions[:max(1, s.own)] // a worker that owns none waits where it comes first
	p := slices.MinFunc(own, func(a, b *partition) int { return a.waiting - b.waiting })
	w := &waitingPull{partition: p}
	w.withdrawn, w.withdraw = context.WithCancel(context.Background())
	p.waiting++
	s.waiting = append(s.waiting, w)
	return source{partition: p, number: p.number, priority: p.priority(), wait: w}, true
}

// ended records that a pull has ended, and whether it returned a job.
func (s *sources) ended(src source, job bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.wait != nil {
		src.wait.withdraw()
		src.partition.waiting--
		s.waiting = slices.DeleteFunc(s.waiting, func(w *waitingPull) bool { return w == src.wait })
	} else if job {
		src.partition.check = true // there may be more
	}
}

// yield withdraws a pull that waits, if there is no slot to pull from a partition in
// which a job may be. The caller calls it again when the slots of that pull are free.
func (s *sources) yield() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.partitions, (*partition).pending) {
		return
	}
	if slices.ContainsFunc(s.waiting, func(w *waitingPull) bool { return w.withdrawn.Err() != nil }) {
		return
	}
	for _, w := range s.waiting {
		if !w.partition.pending() { // else it gets that job itself
			w.withdraw()
			return
		}
	}
}

// notify records that a job was stored in a partition. For the owner that counts at
// once, for the others one after the other a little later, so that it goes to them
// only if the owner has no slots for it (delay scheduling: Zaharia et al., EuroSys 2010).
func (s *sources) notify(number int) {
	s.mu.Lock()
	i := slices.IndexFunc(s.partitions, func(p *partition) bool { return p.number == number })
	if i < 0 || s.partitions[i].delayed {
		s.mu.Unlock()
		return
	}
	p := s.partitions[i]
	p.delayed = true
	delay := time.Duration(p.priority()) * ownerHeadStart
	s.mu.Unlock()
	count := func() {
		s.mu.Lock()
		p.delayed, p.notified = false, true
		s.mu.Unlock()
		s.wake()
	}
	if delay > 0 {
		time.AfterFunc(delay, count)
		return
	}
	count()
}

// check makes the worker pull from a partition, as a job may be delivered again there.
func (s *sources) check(number int) {
	s.mu.Lock()
	for _, p := range s.partitions {
		p.check = p.check || p.number == number
	}
	s.mu.Unlock()
	s.wake()
}

// checkAll makes the worker pull from all partitions, unless there is only one, which
// is waited on.
func (s *sources) checkAll() {
	s.mu.Lock()
	for _, p := range s.partitions {
		p.check = len(s.partitions) > 1
	}
	s.mu.Unlock()
	s.wake()
}
