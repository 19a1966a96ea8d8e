package pocket

import (
	"slices"
	"sync"
)

// prefixes keeps what the trunk computed for recent prompts, so that a prompt
// that begins like one of them is not read again. It is safe for concurrent use.
type prefixes struct {
	mu      sync.Mutex
	limit   int       // tokens kept in all
	tokens  int       // tokens kept now
	entries []*prefix // least recently used first
}

// prefix is a prompt that was read. It is never written again.
type prefix struct {
	ids    []int
	memory *segment // positions 0…len(ids)−1

	logits []float32 // after the last position

	// For judges, instead of logits: per position, the final state and the
	// log-probability of the token there.
	states   []float32
	logProbs []float64
}

// longest returns the entry that shares the longest beginning with ids, and how long that is.
func (c *prefixes) longest(ids []int) (*prefix, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	best, length := -1, 0
	for i, e := range c.entries {
		n := 0
		for n < len(ids) && n < len(e.ids) && ids[n] == e.ids[n] {
			n++
		}
		if n > length {
			best, length = i, n
		}
	}
	if best < 0 {
		return nil, 0
	}
	e := c.entries[best]
	c.entries = append(slices.Delete(c.entries, best, best+1), e)
	return e, length
}

// add keeps an entry and forgets the least recently used ones beyond the limit.
// An entry that is only the beginning of the new one is forgotten with it.
func (c *prefixes) add(e *prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.entries[:0]
	for _, old := range c.entries {
		if len(old.ids) <= len(e.ids) && slices.Equal(old.ids, e.ids[:len(old.ids)]) {
			c.tokens -= len(old.ids)
			continue
		}
		kept = append(kept, old)
	}
	clear(c.entries[len(kept):])
	c.entries = append(kept, e)
	c.tokens += len(e.ids)
	for c.tokens > c.limit && len(c.entries) > 0 {
		c.tokens -= len(c.entries[0].ids)
		c.entries[0] = nil
		c.entries = c.entries[1:]
	}
}
