package profile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Shelf is the profiles that a planner knows, by where they come from. The zero
// Shelf is empty. It is safe for concurrent use: a search that has begun keeps the
// profile that it found.
type Shelf struct {
	// Changed, if not nil, is told of every Put, once it holds; nil is a profile taken
	// away. It is set before the first Put.
	Changed func(place string, p *Profile)

	mu     sync.RWMutex
	places map[string]*Profile
}

// Put replaces what came from a place; nil takes it away.
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

// For is the profile of a policy with a verifier, nil is without one; nil if there is
// none. Of several, that of the last place in the order of their names.
func (s *Shelf) For(policy reasoning.Model, judge *verifier.RewardModel) *Profile {
	s.mu.RLock()
	places := s.places
	s.mu.RUnlock()
	var found *Profile
	for _, place := range slices.Sorted(maps.Keys(places)) {
		if p := places[place]; p.For(policy, judge) {
			found = p
		}
	}
	return found
}

// A Directory keeps the profiles of some files on a shelf, as they change.
type Directory struct {
	Shelf *Shelf
	Paths []string // files, and directories whose files *.json are meant

	read map[string][]byte
}

// Look reads what is new and takes away what is gone. Where a file is no profile, the
// one that it was before stays, and the error says so.
func (d *Directory) Look() error {
	if d.read == nil {
		d.read = map[string][]byte{}
	}
	files, err := d.files()
	errs := []error{err}
	gone := maps.Clone(d.read)
	for _, path := range files {
		delete(gone, path)
		data, err := os.ReadFile(path)
		if err == nil && bytes.Equal(data, d.read[path]) {
			continue
		}
		var p *Profile
		if err == nil {
			d.read[path] = data
			p, err = Read(data)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			continue
		}
		d.Shelf.Put(path, p)
	}
	for path := range gone {
		delete(d.read, path)
		d.Shelf.Put(path, nil)
	}
	return errors.Join(errs...)
}

func (d *Directory) files() (files []string, err error) {
	for _, path := range d.Paths {
		info, failed := os.Stat(path)
		switch {
		case errors.Is(failed, os.ErrNotExist) && d.read[path] != nil: // it was there: gone
		case failed != nil:
			err = cmp.Or(err, fmt.Errorf("profile: %w", failed))
		case info.IsDir():
			inside, _ := filepath.Glob(filepath.Join(path, "*.json")) // whose pattern is good
			files = append(files, inside...)
		default:
			files = append(files, path)
		}
	}
	return files, err
}

// Follow looks again and again until ctx ends. What goes wrong is told once a change.
func (d *Directory) Follow(ctx context.Context, every time.Duration, report func(error)) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	before := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := ""
		if err := d.Look(); err != nil {
			now = err.Error()
			if now != before {
				report(err)
			}
		}
		before = now
	}
}
