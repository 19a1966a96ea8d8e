package profile

import (
	"maps"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Store holds the profiles of a planner by source, such as the path of a file. The zero
// Store is empty. It is safe for concurrent use. A running search keeps its profile when the
// Store replaces it.
type Store struct {
	// Changed, if not nil, is called after every Put and Remove; p is nil if the profile was
	// removed. It is set before the first Put.
	Changed func(source string, p *Profile)

	mu      sync.RWMutex
	sources map[string]*Profile // copy-on-write
}

// Put stores p under source, in place of the profile that was there.
func (s *Store) Put(source string, p *Profile) {
	s.update(func(sources map[string]*Profile) { sources[source] = p })
	if s.Changed != nil {
		s.Changed(source, p)
	}
}

// Remove removes the profile of source.
func (s *Store) Remove(source string) {
	s.update(func(sources map[string]*Profile) { delete(sources, source) })
	if s.Changed != nil {
		s.Changed(source, nil)
	}
}

// update applies change to a copy of the sources and stores it.
func (s *Store) update(change func(map[string]*Profile)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sources := maps.Clone(s.sources)
	if sources == nil {
		sources = map[string]*Profile{}
	}
	change(sources)
	s.sources = sources
}

// For returns the profile of a policy and a reward model, nil if there is none. rewardModel
// is nil if there is no verifier. If several profiles match, the last source by name wins.
func (s *Store) For(policy reasoning.Model, rewardModel *verifier.RewardModel) *Profile {
	s.mu.RLock()
	sources := s.sources
	s.mu.RUnlock()
	var found *Profile
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		if p := sources[source]; p.Matches(policy, rewardModel) {
			found = p
		}
	}
	return found
}
