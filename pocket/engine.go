package pocket

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// Options size an Engine. Zero values mean the defaults.
type Options struct {
	Workers      int // goroutines that compute; default GOMAXPROCS
	Slots        int // sequences a worker runs at once, 1…64; default 16
	PrefixTokens int // prompt tokens remembered across requests; default 16384 (about 16 MB), negative: none
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

// Engine serves one policy to many goroutines. Its workers batch continuously:
// sequences join and leave a running batch between two tokens, and a worker
// with free slots takes what is waiting. Nothing waits for a timer or for a
// batch to fill (Yu et al. 2022, Orca).
type Engine struct {
	model  *Model
	opts   Options
	cache  *prefixes
	done   sync.WaitGroup
	mu     sync.Mutex
	wake   sync.Cond // something is waiting, or closed
	closed bool
	unread []*prompt   // prompts to be read
	ready  []*sequence // children whose prompt was read, waiting for a slot
}

// prompt is a request that was accepted.
type prompt struct {
	ctx      context.Context
	request  Request
	ids      []int
	prefix   *prefix // set once it is read
	cached   int
	isRead   atomic.Bool
	written  atomic.Int64 // tokens of all children
	children chan Child   // buffered: workers never wait for a reader
	failed   chan error
}

// fail tells the request's owner, once.
func (p *prompt) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// sequence is one child on its way.
type sequence struct {
	*prompt
	sampler
	child   Child
	memory  *segment
	next    int   // the token to be fed
	line    []int // tokens of the step being written, and their log-probability
	logProb float64
}

// NewEngine starts an engine; Close stops it.
func NewEngine(m *Model, o Options) *Engine {
	o = o.withDefaults()
	e := &Engine{model: m, opts: o, cache: &prefixes{limit: o.PrefixTokens}}
	e.wake.L = &e.mu
	e.done.Add(o.Workers)
	for range o.Workers {
		go e.work()
	}
	return e
}

// Model returns the model that is served.
func (e *Engine) Model() *Model { return e.model }

// Slots is how many sequences run at once; more wait.
func (e *Engine) Slots() int { return e.opts.Workers * e.opts.Slots }

// Close stops the workers and waits for them. Requests under way fail with ErrClosed.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.wake.Broadcast()
	e.mu.Unlock()
	e.done.Wait()
	return nil
}

// Generate yields the children of a request as each finishes, in any order;
// Child.Index says which it is. An error ends the sequence: one that wraps
// ErrRequest before anything is computed, the context's, or ErrClosed. Breaking
// out of the loop, like cancelling ctx, stops the rest between two tokens. The
// Child beside the context's error has the Usage of what was computed in vain, but
// for the tokens that were just being computed, one a child at most.
func (e *Engine) Generate(ctx context.Context, r Request) iter.Seq2[Child, error] {
	return func(yield func(Child, error) bool) {
		ids, err := r.check(e.model)
		if err != nil {
			yield(Child{}, err)
			return
		}
		work, cancel := context.WithCancel(ctx)
		defer cancel()
		p := &prompt{ctx: work, request: r, ids: ids, children: make(chan Child, len(r.Seeds)), failed: make(chan error, 1)}
		if !e.submit(p) {
			yield(Child{}, ErrClosed)
			return
		}
		given := 0
		for i := range r.Seeds {
			select {
			case c := <-p.children:
				c.Usage = p.charge(c.Usage.Generated, i == 0)
				given += c.Usage.Generated
				if !yield(c, nil) {
					return
				}
			case err := <-p.failed:
				yield(Child{}, err)
				return
			case <-ctx.Done():
				vain := Usage{Generated: int(p.written.Load()) - given}
				if i == 0 && p.isRead.Load() {
					vain = p.charge(vain.Generated, true)
				}
				yield(Child{Usage: vain}, context.Cause(ctx))
				return
			}
		}
	}
}

// charge is the usage of what is given: the first child of a request carries its
// prompt's cost.
func (p *prompt) charge(generated int, first bool) Usage {
	u := Usage{Prompt: len(p.ids), Cached: len(p.ids), Generated: generated}
	if first {
		u.Cached = p.cached
	}
	return u
}

func (e *Engine) submit(p *prompt) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.unread = append(e.unread, p)
	e.wake.Signal()
	return true
}

// work is one worker: between two tokens it takes what is waiting.
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
			e.read(s, p)
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

// take waits until this worker has something to do: a prompt to read, sequences
// to join its batch, or the batch itself. It is false when the engine closes.
func (e *Engine) take(running int) (*prompt, []*sequence, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.closed && running == 0 && len(e.unread) == 0 && len(e.ready) == 0 {
		e.wake.Wait()
	}
	if e.closed {
		for _, p := range e.unread {
			p.fail(ErrClosed)
		}
		for _, q := range e.ready {
			q.fail(ErrClosed)
		}
		e.unread, e.ready = nil, nil
		return nil, nil, false
	}
	// Prompts are read first, unless this worker's slots are full or enough is ready.
	if len(e.unread) > 0 && running+len(e.ready) < e.opts.Slots {
		p := e.unread[0]
		e.unread[0] = nil
		e.unread = e.unread[1:]
		return p, nil, true
	}
	// Of what is ready a worker leaves the others their share.
	n := min(e.opts.Slots-running, (len(e.ready)+e.opts.Workers-1)/e.opts.Workers)
	joined := append([]*sequence(nil), e.ready[:n]...)
	clear(e.ready[:n])
	e.ready = e.ready[n:]
	return nil, joined, true
}

// read computes the prompt once and makes its children ready.
func (e *Engine) read(s *scratch, p *prompt) {
	if p.ctx.Err() != nil {
		return
	}
	p.prefix, p.cached = s.read(e.cache, p.ids, false)
	p.isRead.Store(true)
	children := make([]*sequence, len(p.request.Seeds))
	for i, seed := range p.request.Seeds {
		topP := float32(p.request.TopP)
		if topP == 0 {
			topP = 1
		}
		children[i] = &sequence{prompt: p, sampler: sampler{seed, float32(p.request.Temperature), topP}, child: Child{Index: i}}
	}
	e.mu.Lock()
	e.ready = append(e.ready, children...)
	e.wake.Broadcast()
	e.mu.Unlock()
}

// start draws a child's first token from what its prompt predicts; it reports whether there is more to do.
func (q *sequence) start(m *Model) bool {
	if q.ctx.Err() != nil {
		return false
	}
	q.memory = newSegment(m.config, len(q.ids), min(q.request.MaxTokens, m.Context()-len(q.ids)))
	return q.accept(append([]float32(nil), q.prefix.logits...))
}
