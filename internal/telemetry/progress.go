package telemetry

import (
	"sync"
	"time"
)

// A Progress holds when each live search last made progress. It is safe for concurrent use.
type Progress struct {
	mu   sync.Mutex
	last map[any]time.Time
}

// Begin adds a search, which is any comparable value, with progress now.
func (p *Progress) Begin(search any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = make(map[any]time.Time)
	}
	p.last[search] = time.Now()
}

// Made records that a search makes progress now. It has no effect after End.
func (p *Progress) Made(search any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.last[search]; ok {
		p.last[search] = time.Now()
	}
}

// End removes a search.
func (p *Progress) End(search any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.last, search)
}

// Age returns the age of the oldest progress in seconds, 0 without searches.
func (p *Progress) Age() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	var oldest time.Duration
	now := time.Now()
	for _, t := range p.last {
		oldest = max(oldest, now.Sub(t))
	}
	return oldest.Seconds()
}
