package backend

import (
	"container/list"
	"context"
	"sync"
)

// A Memory is a Store in this process. When it is full it drops the least recently used items.
type Memory struct {
	max int

	mu    sync.Mutex
	size  int
	byKey map[string]*list.Element
	used  list.List // of Item, latest first
}

func (i Item) size() int { return len(i.Key) + len(i.Value) }

// NewMemory returns a Memory of at most so many bytes of keys and values.
func NewMemory(maxBytes int) *Memory {
	return &Memory{max: maxBytes, byKey: map[string]*list.Element{}}
}

// Get implements Store.
func (s *Memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[key]
	if !ok {
		return nil, false, nil
	}
	s.used.MoveToFront(e)
	return e.Value.(Item).Value, true, nil
}

// Put implements Store.
func (s *Memory) Put(_ context.Context, items ...Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range items {
		if e, ok := s.byKey[i.Key]; ok {
			s.forget(e)
		}
		s.byKey[i.Key] = s.used.PushFront(i)
		s.size += i.size()
		for s.size > s.max {
			s.forget(s.used.Back())
		}
	}
	return nil
}

// forget drops an item. The caller holds s.mu.
func (s *Memory) forget(e *list.Element) {
	i := s.used.Remove(e).(Item)
	delete(s.byKey, i.Key)
	s.size -= i.size()
}
