package policyqueue

import (
	"slices"
	"sync"
)

// sources decide which partition a worker pulls from next.
//
// A partition that rang is asked at once, without waiting, own ones first. Own
// partitions are also waited on, with the best priority: so a search sticks to the
// worker that has its prefix while that has places, and then goes to whoever has.
// The places of one pull are kept for what rings elsewhere, unless they are the
// only ones.
type sources struct {
	mu       sync.Mutex
	order    []source // best priority first
	own      int      // how many of order are waited on
	ringing  []bool   // by partition: a job may be there
	waiting  []int    // by partition: pulls that wait
	allWaits int
}

// A source is a partition to pull from.
type source struct {
	partition int
	priority  int // of the pull: 0, best, to 9
	wait      bool
}

func newSources(partitions, index, of int) *sources {
	s := &sources{ringing: make([]bool, partitions), waiting: make([]int, partitions)}
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

func (s *sources) rang(partition int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if partition >= 0 && partition < len(s.ringing) {
		s.ringing[partition] = true
	}
}

func (s *sources) allRang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.ringing {
		s.ringing[p] = true
	}
}
