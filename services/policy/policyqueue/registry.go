package policyqueue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A registry holds the jobs that a client waits for. It subscribes to the results of
// a search while any of the search's jobs is in it.
type registry struct {
	nc     *nats.Conn
	client string // prefix of the epochs of its jobs

	mu       sync.Mutex // also guards the jobs
	searches map[string]*search
	stored   map[uint64]*job // by sequence in the stream
}

// A search is a search's subscription, and its jobs by name.
type search struct {
	results *nats.Subscription
	jobs    map[string]*job
}

func newRegistry(nc *nats.Conn, client string) *registry {
	return &registry{nc: nc, client: client, searches: make(map[string]*search), stored: make(map[uint64]*job)}
}

// add returns a new job of e for r, which is not published yet.
func (g *registry) add(e *expansion, r policy.Request, epoch string) (*job, error) {
	name, err := protocol.Name(r)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.searches[r.Search]
	if s == nil {
		results, err := g.nc.Subscribe(protocol.ResultSubject(r.Search), func(m *nats.Msg) { g.answer(r.Search, m) })
		if err != nil {
			return nil, fmt.Errorf("subscribe to results: %w", classify(context.Background(), err))
		}
		s = &search{results: results, jobs: make(map[string]*job)}
		g.searches[r.Search] = s
	}
	for n, base := 2, name; s.jobs[name] != nil; n++ { // the same is asked for twice at the same time
		name = fmt.Sprintf("%s+%d", base, n)
	}
	j := &job{expansion: e, search: r.Search, name: name, epoch: epoch, missing: make(map[int]struct{})}
	for _, ordinal := range r.Ordinals {
		j.missing[ordinal] = struct{}{}
	}
	s.jobs[name] = j
	e.jobs = append(e.jobs, j)
	return j, nil
}

// store records that JetStream has stored a job.
func (g *registry) store(j *job, sequence uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	j.sequence = sequence
	g.stored[sequence] = j
}

// published returns the jobs that JetStream has stored. Their sequences do not change.
func (g *registry) published() (jobs []*job) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.searches {
		for _, j := range s.jobs {
			if j.sequence > 0 {
				jobs = append(jobs, j)
			}
		}
	}
	return jobs
}

// cancel cancels e's jobs. It returns those whose messages have to be deleted and whose
// attempts have to be stopped.
func (g *registry) cancel(e *expansion) (remove []*job) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, j := range e.jobs {
		if j.cancel() {
			remove = append(remove, j)
		}
	}
	return remove
}

// cancelling reports whether the final report of any of e's jobs is awaited.
func (g *registry) cancelling(e *expansion) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(e.jobs, func(j *job) bool { return j.state == jobCancelling })
}

// remove removes e's jobs.
func (g *registry) remove(e *expansion) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, j := range e.jobs {
		if g.stored[j.sequence] == j { // a stream that was lost and made again counts from 1
			delete(g.stored, j.sequence)
		}
		s := g.searches[j.search]
		delete(s.jobs, j.name)
		if len(s.jobs) == 0 {
			s.results.Unsubscribe() // fails only if the connection is closed
			delete(g.searches, j.search)
		}
	}
}

// failSearch ends all expansions of a search with err.
func (g *registry) failSearch(search string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.searches[search]; s != nil {
		for _, j := range s.jobs {
			j.expansion.put(event{err: err})
		}
	}
}

// giveUp fails the job with this sequence, if it is waited for: JetStream does not
// deliver it again after so many deliveries.
func (g *registry) giveUp(sequence uint64, deliveries int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	j := g.stored[sequence]
	if j == nil {
		return
	}
	last := "no worker claimed it"
	if j.claimant.start.Worker != "" {
		last = fmt.Sprintf("worker %s sent no heartbeat in attempt %d", j.claimant.start.Worker, j.claimant.start.Attempt)
	}
	j.fail(fmt.Errorf("job %s: %w after %d attempts: %s", j.name, policy.ErrPoison, deliveries, last))
}

// lose fails a job that is not in the stream, if children of it are missing.
func (g *registry) lose(j *job) {
	g.mu.Lock()
	defer g.mu.Unlock()
	j.fail(fmt.Errorf("job %s: %w: the queue lost it", j.name, reasoning.ErrUnavailable))
}

// answer records a result of a search's job and replies which of the job's children
// are missing: none of a job that is not in the registry.
func (g *registry) answer(search string, m *nats.Msg) {
	result, err := protocol.DecodeResult(m.Data)
	if err != nil && result.Job == "" {
		return // not a message of this protocol
	}
	reply := nats.NewMsg(m.Reply)
	reply.Data = protocol.EncodeReply(g.record(search, result, err, m.Header, reply.Header))
	m.RespondMsg(reply) // a worker that gets no reply sends the result again
}

// outdated reports whether an attempt with this epoch began for an earlier job of this
// client that has j's name. That job was cancelled, and its attempt is about to stop. An
// attempt for an earlier client, which may have died, is not outdated.
func (g *registry) outdated(j *job, epoch string) bool {
	return epoch != j.epoch && strings.HasPrefix(epoch, g.client+"-")
}

// record records a result, or err for one with a child that cannot be decoded, and
// returns which children are missing.
func (g *registry) record(search string, result protocol.Result, err error, in, out nats.Header) (missing []int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.searches[search]
	if s == nil {
		return nil
	}
	j := s.jobs[result.Job]
	if j == nil {
		return nil
	}
	if err != nil {
		j.fail(fmt.Errorf("job %s by worker %s: %w", j.name, result.Start.Worker, err))
		return nil
	}
	from := origin{epoch: result.Epoch, start: result.Start}
	outdated := g.outdated(j, result.Epoch)
	switch event := result.Event.(type) {
	case protocol.Claim:
		if outdated {
			return nil
		}
		if previous := j.claim(from, traceParent(in)); previous != "" {
			out.Set(protocol.HeaderPrevious, previous)
		}
	case protocol.Child:
		j.take(from, event.Child)
	case protocol.Stopped:
		if outdated {
			return nil
		}
		j.report(from, event)
	case protocol.Failure:
		j.fail(fmt.Errorf("job %s: %w", j.name, event.Err))
	}
	return j.ordinals()
}
