package pocket

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

// Options configure an Engine. Zero values mean the defaults.
type Options struct {
	Workers      int // goroutines that compute; default GOMAXPROCS
	Slots        int // sequences per worker, 1…64; default 16. Engine.Slots is the sum of all workers
	PrefixTokens int // capacity of the prefix cache; default 16384 (about 16 MB), negative: no cache
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Slots <= 0 {
		o.Slots = 16
	}
	o.Slots = min(o.Slots, maxRows)
	if o.PrefixTokens == 0 {
		o.PrefixTokens = 1 << 14
	}
	return o
}

// Engine serves one model to many goroutines, by continuous batching (Yu et al. 2022,
// Orca): sequences join and leave a worker's batch between two tokens, and a worker with
// free slots takes waiting sequences. No request waits for a timer or for a batch to fill.
type Engine struct {
	model *Model
	opts  Options
	cache *prefixCache
	done  sync.WaitGroup

	mu      sync.Mutex
	wake    sync.Cond // signalled when a request waits, and by Close
	closed  bool
	waiting []*job      // to be prefilled
	ready   []*sequence // prefilled, to be decoded
}

// NewEngine starts an engine; Close stops it.
func NewEngine(m *Model, o Options) *Engine {
	o = o.withDefaults()
	e := &Engine{model: m, opts: o, cache: &prefixCache{limit: o.PrefixTokens}}
	e.wake.L = &e.mu
	e.done.Add(o.Workers)
	for range o.Workers {
		go e.work()
	}
	return e
}

// Model returns the model that is served.
func (e *Engine) Model() *Model { return e.model }

// Slots returns the number of sequences that run at once; more wait.
func (e *Engine) Slots() int { return e.opts.Workers * e.opts.Slots }

// Close stops the workers and waits for them. Running requests fail with ErrClosed.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.wake.Broadcast()
	e.mu.Unlock()
	e.done.Wait()
	return nil
}

// Generate yields the children of a request as each finishes, in any order; see
// Child.Index. An error ends the iteration: one that wraps ErrRequest (before any work),
// context.Cause(ctx), or ErrClosed. Breaking out of the loop, like cancelling ctx, stops the
// other children between two tokens. The Child that is yielded with the context's error has the
// Usage of the wasted tokens, except those of the pass in progress, at most one per child.
func (e *Engine) Generate(ctx context.Context, r Request) iter.Seq2[Child, error] {
	return func(yield func(Child, error) bool) {
		ids, err := r.check(e.model)
		if err != nil {
			yield(Child{}, err)
			return
		}
		work, cancel := context.WithCancel(ctx)
		defer cancel()
		p := &job{
			ctx: work, request: r, ids: ids, children: make(chan Child, len(r.Seeds)), failed: make(chan error, 1),
		}
		if !e.submit(p) {
			yield(Child{}, ErrClosed)
			return
		}
		yielded := 0 // tokens
		for i := range r.Seeds {
			select {
			case c := <-p.children:
				c.Usage = p.usage(c.Usage.Generated, i == 0)
				yielded += c.Usage.Generated
				if !yield(c, nil) {
					return
				}
			case err := <-p.failed:
				yield(Child{}, err)
				return
			case <-ctx.Done():
				wasted := Usage{Generated: int(p.generated.Load()) - yielded}
				if i == 0 && p.prefilled.Load() {
					wasted = p.usage(wasted.Generated, true)
				}
				yield(Child{Usage: wasted}, context.Cause(ctx))
				return
			}
		}
	}
}

// submit queues p. It returns false if the engine is closed.
func (e *Engine) submit(p *job) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.waiting = append(e.waiting, p)
	e.wake.Signal()
	return true
}

// work runs a worker. Between two tokens it prefills a prompt or lets sequences join
// its batch.
func (e *Engine) work() {
	defer e.done.Done()
	s := newScratch(e.model)
	var running []*sequence
	for {
		p, joined, ok := e.take(len(running))
		if !ok {
			for _, q := range running {
				q.fail(ErrClosed)
			}
			return
		}
		if p != nil {
			e.prefill(s, p)
			continue
		}
		for _, q := range joined {
			if q.start(e.model) {
				running = append(running, q)
			}
		}
		running = advance(s, running)
	}
}

// take returns the next work of a worker: a prompt to prefill, or sequences, possibly
// none, to join its batch. It blocks while there is no work and the batch is empty. It
// returns false when the engine is closed.
func (e *Engine) take(running int) (*job, []*sequence, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.closed && running == 0 && len(e.waiting) == 0 && len(e.ready) == 0 {
		e.wake.Wait()
	}
	if e.closed {
		for _, p := range e.waiting {
			p.fail(ErrClosed)
		}
		for _, q := range e.ready {
			q.fail(ErrClosed)
		}
		e.waiting, e.ready = nil, nil
		return nil, nil, false
	}
	// Prefill a waiting prompt unless ready sequences already fill this worker's slots.
	if len(e.waiting) > 0 && running+len(e.ready) < e.opts.Slots {
		p := e.waiting[0]
		e.waiting[0] = nil
		e.waiting = e.waiting[1:]
		return p, nil, true
	}
	// Leave the other workers their share of the ready sequences.
	n := min(e.opts.Slots-running, (len(e.ready)+e.opts.Workers-1)/e.opts.Workers)
	joined := append([]*sequence(nil), e.ready[:n]...)
	clear(e.ready[:n])
	e.ready = e.ready[n:]
	return nil, joined, true
}

// prefill computes the prompt once and queues its sequences for decoding.
func (e *Engine) prefill(s *scratch, p *job) {
	if p.ctx.Err() != nil {
		return
	}
	p.prefix, p.cached = s.prefill(e.cache, p.ids, false)
	p.prefilled.Store(true)
	children := make([]*sequence, len(p.request.Seeds))
	for i, seed := range p.request.Seeds {
		topP := float32(p.request.TopP)
		if topP == 0 {
			topP = 1
		}
		draw := sampler{seed, float32(p.request.Temperature), topP}
		children[i] = &sequence{job: p, sampler: draw, child: Child{Index: i}}
	}
	e.mu.Lock()
	e.ready = append(e.ready, children...)
	e.wake.Broadcast()
	e.mu.Unlock()
}
