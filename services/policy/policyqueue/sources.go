package policyqueue

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// ownerHeadStart is the delay of a notification for each worker that ranks before
	// this one.
	ownerHeadStart = 5 * time.Millisecond
	// pullGrace is how long an owner's pull after a notification waits for the job: the
	// server notifies shortly before its consumer has the job.
	pullGrace = 2 * time.Millisecond
)

// sources decides from which partition a worker pulls next.
//
// Partitions that may have a job come first, by the worker's rank in them. A partition may
// have a job if the worker was notified of one, and from time to time, since redeliveries
// are not notified and notifications may be lost. If there is none, the worker waits for
// jobs in the partitions that it owns, with the highest priority. So a search stays with
// the worker that has the search's prefix in its cache while that worker has free slots,
// and goes to another one otherwise. Pulls that wait leave the slots of one pull free for
// the other partitions, and are withdrawn if that is not enough.
type sources struct {
	wake func() // is called, without the lock, when there may be a job to pull

	mu         sync.Mutex
	partitions []*partition // by rank
	own        int          // number of owned partitions, which are the first
	waiting    []*waitingPull
}

// A source is where and how to pull once.
type source struct {
	partition *partition
	number    int // of the partition
	priority  int
	notified  bool
	wait      *waitingPull // nil: the pull does not wait
}

// A waitingPull is a pull that waits for a job.
type waitingPull struct {
	partition *partition
	withdrawn context.Context // ends when the pull is withdrawn
	withdraw  context.CancelFunc
}

func newSources(wake func()) *sources { return &sources{wake: wake} }

// assign sets the partitions and the worker's rank in each. If they change, it withdraws
// the pulls that wait.
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

// withdraw withdraws the pulls that wait.
func (s *sources) withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdrawAll()
}

// withdrawAll withdraws the pulls that wait. The caller holds the lock.
func (s *sources) withdrawAll() {
	for _, w := range s.waiting {
		w.withdraw()
	}
}

// next returns the source of the next pull, or false if the worker has to wait for a
// change. spare reports whether there are slots for another pull after this one. The caller
// calls ended after the pull.
func (s *sources) next(spare bool) (source, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.partitions {
		if p.pending() {
			src := source{partition: p, number: p.number, priority: p.priority(), notified: p.notified}
			p.notified, p.check = false, false // before the pull: a later notification causes another one
			return src, true
		}
	}
	if len(s.partitions) == 0 || len(s.partitions) > 1 && !spare && len(s.waiting) > 0 {
		return source{}, false
	}
	own := s.partitions[:max(1, s.own)] // a worker that owns none waits where its rank is best
	p := slices.MinFunc(own, func(a, b *partition) int { return a.waiting - b.waiting })
	w := &waitingPull{partition: p}
	w.withdrawn, w.withdraw = context.WithCancel(context.Background())
	p.waiting++
	s.waiting = append(s.waiting, w)
	return source{partition: p, number: p.number, priority: p.priority(), wait: w}, true
}

// ended records the end of a pull; job reports whether the pull returned one.
func (s *sources) ended(src source, job bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.wait != nil {
		src.wait.withdraw()
		src.partition.waiting--
		s.waiting = slices.DeleteFunc(s.waiting, func(w *waitingPull) bool { return w == src.wait })
	} else if job {
		src.partition.check = true // there may be more jobs
	}
}

// yield withdraws a pull that waits, if another partition may have a job. The caller has no
// slots for a pull there, and calls yield again after slots were freed.
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
		if !w.partition.pending() { // otherwise the pull gets the job
			w.withdraw()
			return
		}
	}
}

// notify records that JetStream has stored a job in a partition. The owner pulls at once.
// The other workers pull one after the other, by rank, so that the job goes to one of them
// only if the owner has no slots (delay scheduling: Zaharia et al., EuroSys 2010).
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
	apply := func() {
		s.mu.Lock()
		p.delayed, p.notified = false, true
		s.mu.Unlock()
		s.wake()
	}
	if delay > 0 {
		time.AfterFunc(delay, apply)
		return
	}
	apply()
}

// checkAll makes the worker pull from all partitions. If there is only one, a pull waits
// there anyway.
func (s *sources) checkAll() {
	s.mu.Lock()
	for _, p := range s.partitions {
		p.check = len(s.partitions) > 1
	}
	s.mu.Unlock()
	s.wake()
}
