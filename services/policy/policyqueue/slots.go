package policyqueue

import (
	"fmt"
	"sync"
)

// slots counts the sequences that a worker's Policy may generate concurrently. A pull
// reserves slots before it is sent, so that pulls and attempts together never need more
// slots than there are.
type slots struct {
	total int
	freed func() // is called, without the lock, after a reservation shrinks

	mu   sync.Mutex
	free int
}

func newSlots(total int, freed func()) *slots { return &slots{total: total, freed: freed, free: total} }

// reserve reserves n slots. If fewer are free, it reserves none and returns false.
func (s *slots) reserve(n int) (*reservation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.free {
		return nil, false
	}
	s.free -= n
	return &reservation{slots: s, n: n}, true
}

// release frees n slots.
func (s *slots) release(n int) {
	s.mu.Lock()
	s.free += n
	bad := s.free > s.total
	s.mu.Unlock()
	if bad {
		panic(fmt.Sprintf("policyqueue: %d slots are released twice", n))
	}
}

// available returns the number of free slots.
func (s *slots) available() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}
