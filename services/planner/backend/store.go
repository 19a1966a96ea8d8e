package backend

import (
	"container/list"
	"sync"
)

// A Store keeps recorded results by key. It is safe for concurrent use. Values are
// not changed by either side after they were handed over.
type Store interface {
	Get(key string) (value []byte, ok bool, err error)
	// Put sets the value of a key. When it returns, Get has it.
	Put(key string, value []byte) error
}

// A Memory is a Store in this process. When it is full it forgets what was not used
// for longest.
type Memory struct {
	max int

	mu    sync.Mutex
	size  int
	byKey map[string]*list.Element
	used  list.List // of memory, latest first
}

type memory struct {
	key   string
	value []byte
}

func (m memory) size() int { return len(m.key) + len(m.value) }

// NewMemory is a Memory for this many bytes of keys and values.
func NewMemory(maxBytes int) *Memory {
	return &Memory{max: maxBytes, byKey: map[string]*list.Element{}}
}

// Get implements Store.
func (s *Memory) Get(key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[key]
	if !ok {
		return nil, false, nil
	}
	s.used.MoveToFront(e)
	return e.Value.(memory).value, true, nil
}

// Put implements Store.
func (s *Memory) Put(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byKey[key]; ok {
		s.forget(e)
	}
	m := memory{key, value}
	s.byKey[key] = s.used.PushFront(m)
	s.size += m.size()
	for s.size > s.max {
		s.forget(s.used.Back())
	}
	return nil
}

func (s *Memory) forget(e *list.Element) {
	m := s.used.Remove(e).(memory)
	delete(s.byKey, m.key)
	s.size -= m.size()
}
