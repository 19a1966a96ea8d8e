package plannerrpc

import (
	"sync"

	"github.com/ponder-mesh/ponder/services/planner"
)

// followers counts the streams that follow each search.
type followers struct {
	mu    sync.Mutex
	count map[planner.Ref]int
}

func newFollowers() *followers { return &followers{count: map[planner.Ref]int{}} }

// add counts a stream that begins.
func (f *followers) add(ref planner.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count[ref]++
}

// remove stops counting a stream.
func (f *followers) remove(ref planner.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count[ref]--; f.count[ref] == 0 {
		delete(f.count, ref)
	}
}

// any reports whether any stream follows a search.
func (f *followers) any(ref planner.Ref) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[ref] > 0
}
