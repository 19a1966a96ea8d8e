package profile

import (
	"maps"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Shelf holds a planner's profiles, by the places that they are read from. The zero
// Shelf is empty. It is safe for concurrent use: a search that has begun keeps the
// profile that it got.
type Shelf struct {
	// Changed, if not nil, is called after every Put; p is nil where a profile was
	// removed. It is set before the first Put.
	Changed func(place string, p *Profile)

	mu     sync.RWMutex
	places map[string]*Profile // never changed: each Put makes a new map
}

// Put replaces the profile of a place; nil removes it.
func (s *Shelf) Put(place string, p *Profile) {
	s.put(place, p)
	if s.Changed != nil {
		s.Changed(place, p)
	}
}

func (s *Shelf) put(place string, p *Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	places := maps.Clone(s.places)
	if places == nil {
		places = map[string]*Profile{}
	}
	if places[place] = p; p == nil {
		delete(places, place)
	}
	s.places = places
}

// For returns the profile of a policy with a reward model, which is nil without a
// verifier. It returns nil if there is no such profile and, of several, that of the last
// place by name.
func (s *Shelf) For(policy reasoning.Model, rm *verifier.RewardModel) *Profile {
	s.mu.RLock()
	places := s.places
	s.mu.RUnlock()
	var found *Profile
	for _, place := range slices.Sorted(maps.Keys(places)) {
		if p := places[place]; p.Matches(policy, rm) {
			found = p
		}
	}
	return found
}
