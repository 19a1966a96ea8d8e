package policyqueue

import (
	"fmt"
	"sync"
)

// slots are a worker's places for sequences. A pull takes its places before it is
// sent, so what is pulled and what runs never need more than there are.
type slots struct {
	total   int
	changed func() // is called, without the lock, when places got free

	mu   sync.Mutex
	free int
}

// take takes n places, or none.
func (s *slots) take(n int) (*hold, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.free {
		return nil, false
	}
	s.free -= n
	return &hold{slots: s, n: n}, true
}

func (s *slots) put(n int) {
	s.mu.Lock()
	s.free += n
	bad := s.free > s.total
	s.mu.Unlock()
	if bad {
		panic(fmt.Sprintf("policyqueue: %d slots given back twice", n))
	}
}

// available is how many are free.
func (s *slots) available() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}

// A hold is a number of places that are taken.
type hold struct {
	slots *slots

	mu sync.Mutex
	n  int
}

// shrink gives back all places but n.
func (h *hold) shrink(n int) {
	h.mu.Lock()
	back := h.n - n
	if back > 0 {
		h.n = n
	}
	h.mu.Unlock()
	if back > 0 {
		h.slots.put(back)
		h.slots.changed()
	}
}

// size is the number of places.
func (h *hold) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}
