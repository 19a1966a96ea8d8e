package policyqueue

import (
	"slices"
	"sync"
	"time"
)

// hesitation is how much later each next worker looks for another's job.
const hesitation = 5 * time.Millisecond

// lingering is how long an owner that heard a ring waits for the job: the server
// rings a moment before it tells the consumer, and a pull in between is told that
// there is none.
const lingering = 2 * time.Millisecond

// sources decide which partition a worker pulls from next.
//
// A partition that rang is asked at once, with hardly any waiting, own ones first. Own
// partitions are also waited on, with the best priority: so a search sticks to the
// worker that has its prefix while that has places, and then goes to whoever has.
// The places of one pull are kept for what rings elsewhere, unless they are the
// only ones.
type sources struct {
	look func() // is called, without the lock, when a partition rang

	mu       sync.Mutex
	order    []source // best priority first
	own      int      // how many of order are waited on
	ringing  []bool   // by partition: a job may be there
	delayed  []bool   // by partition: will ring
	waiting  []int    // by partition: pulls that wait
	allWaits int
}

// A source is a partition to pull from.
type source struct {
	partition int
	priority  int // of the pull: 0, best, to 9
	wait      bool
}

func newSources(partitions, index, of int, look func()) *sources {
	s := &sources{look: look, ringing: make([]bool, partitions), delayed: make([]bool, partitions), waiting: make([]int, partitions)}
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
		s.allRang()
	}
	return s
}

// next is where to pull from now; spare says whether another pull has places, too.
// The pull that is sent must end with ended.
func (s *sources) next(spare bool) (source, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.order {
		if s.ringing[src.partition] {
			s.ringing[src.partition] = false // before the pull is sent: a ring from now on counts
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

// ended says that a pull has ended, and whether it brought a job.
func (s *sources) ended(src source, job bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.wait {
		s.waiting[src.partition]--
		s.allWaits--
	} else if job {
		s.ringing[src.partition] = true // there may be more
	}
}

// rang says that a job was put into a partition. Its owner hears it at once, others
// one after the other a little later, so that it goes to them only if the owner has
// no place for it (delay scheduling: Zaharia et al., EuroSys 2010).
func (s *sources) rang(partition int) {
	s.mu.Lock()
	i := slices.IndexFunc(s.order, func(src source) bool { return src.partition == partition })
	if i < 0 || s.delayed[partition] {
		s.mu.Unlock()
		return
	}
	s.delayed[partition] = true
	s.mu.Unlock()
	hear := func() {
		s.mu.Lock()
		s.delayed[partition] = false
		s.ringing[partition] = true
		s.mu.Unlock()
		s.look()
	}
	if delay := time.Duration(s.order[i].priority) * hesitation; delay > 0 {
		time.AfterFunc(delay, hear)
		return
	}
	hear()
}

// allRang says that there may be a job anywhere.
func (s *sources) allRang() {
	for p := range s.ringing {
		s.rang(p)
	}
}
