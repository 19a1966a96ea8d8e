package pocket

import (
	"slices"
	"sync"
)

// prefixCache is an LRU cache of prefilled prompts. A prompt reuses the longest prefix that it
// shares with an entry. It is safe for concurrent use.
type prefixCache struct {
	limit int // tokens

	mu      sync.Mutex
	tokens  int       // in entries
	entries []*prefix // least recently used first
}

// prefix is a prefilled prompt with its KV cache. It is immutable.
type prefix struct {
	ids []int
	kv  *segment // keys and values of positions 0…len(ids)−1

	logits []float32 // after the last position

	// For reward models, instead of logits: per position, the last hidden state and the
	// log-probability of the token.
	states   []float32
	logProbs []float64
}

// longest returns the entry that shares the longest prefix with ids, and the length of that
// prefix. It marks the entry as the most recently used.
func (c *prefixCache) longest(ids []int) (*prefix, int) {
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

// add adds an entry. It evicts the entries that are prefixes of the new one, and the least
// recently used ones beyond the limit.
func (c *prefixCache) add(e *prefix) {
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
