package policyqueue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A registry holds the jobs of a client's running Expands. It subscribes to the results of
// a search while it holds a job of the search.
type registry struct {
	nc          *nats.Conn
	meter       meter
	client      string // prefix of the epochs of the client's jobs
	maxAttempts int    // that may fail in a row

	mu       sync.Mutex // also guards the fields of jobs that job names
	searches map[string]*search
	stored   map[uint64]*job // by sequence in the stream
}

func newRegistry(nc *nats.Conn, meter meter, client string, maxAttempts int) *registry {
	return &registry{
		nc: nc, meter: meter, client: client, maxAttempts: maxAttempts,
		searches: make(map[string]*search), stored: make(map[uint64]*job),
	}
}

// add adds a job for r to e, and returns it. The caller publishes the job.
func (g *registry) add(e *expansion, r policy.Request, epoch string) (*job, error) {
	name, err := protocol.Name(r)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.searches[r.Search]
	if s == nil {
		subject := protocol.ResultSubject(r.Search)
		results, err := g.nc.Subscribe(subject, func(m *nats.Msg) { g.handleResult(r.Search, m) })
		if err != nil {
			return nil, fmt.Errorf("subscribe to results: %w", classify(context.Background(), err))
		}
		cancels, err := g.nc.Subscribe(protocol.CancelSubject(r.Search), func(m *nats.Msg) { g.handleCancel(r.Search, m) })
		if err != nil {
			results.Unsubscribe() // fails only if the connection is closed
			return nil, fmt.Errorf("subscribe to cancellations: %w", classify(context.Background(), err))
		}
		s = &search{
			results: results, cancels: cancels,
			jobs: make(map[string]*job), open: make(map[attemptID]*expense), reports: newTrigger(),
		}
		g.searches[r.Search] = s
	}
	if s.expiry != nil {
		s.expiry.Stop()
		s.expiry = nil
	}
	j := newJob(e, r, s.unused(name), epoch)
	s.jobs[j.name] = j
	e.jobs = append(e.jobs, j)
	return j, nil
}

// setStored records the sequence under which JetStream has stored a job.
func (g *registry) setStored(j *job, sequence uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	j.sequence = sequence
	g.stored[sequence] = j
}

// counts returns how many jobs wait for a worker, and how many run.
func (g *registry) counts() (pending, running int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.searches {
		for _, j := range s.jobs {
			switch j.state {
			case jobStatePublished:
				pending++
			case jobStateClaimed, jobStateContested:
				running++
			}
		}
	}
	return pending, running
}

// allStored returns the jobs that JetStream has stored. Their sequences do not change.
func (g *registry) allStored() (jobs []*job) {
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

// cancelling reports whether a final report of an attempt at e's jobs is awaited.
func (g *registry) cancelling(e *expansion) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(e.jobs, func(j *job) bool { return j.state == jobStateCancelling })
}

// lose gives e the cost of what attempts at its jobs have reported and not delivered.
func (g *registry) lose(e *expansion) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, j := range e.jobs {
		j.lose()
	}
}

// remove removes e's jobs, counts how they ended, and keeps the open expenses of the attempts at them.
func (g *registry) remove(e *expansion) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, j := range e.jobs {
		g.meter.ended(j)
		if g.stored[j.sequence] == j { // not a later job: the sequences of a recreated stream begin at 1
			delete(g.stored, j.sequence)
		}
		s := g.searches[j.search]
		delete(s.jobs, j.name)
		for from, x := range j.expenses {
			if x.open() {
				s.open[attemptID{j.name, from}] = x
			}
		}
		if len(s.jobs) > 0 {
			continue
		}
		if len(s.open) == 0 {
			g.drop(j.search)
			continue
		}
		s.expiry = time.AfterFunc(unsettled, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.searches[j.search] == s && len(s.jobs) == 0 {
				g.drop(j.search)
			}
		})
	}
}

// drop removes a search. The caller holds g.mu.
func (g *registry) drop(search string) {
	s := g.searches[search]
	s.results.Unsubscribe() // these fail only if the connection is closed
	s.cancels.Unsubscribe()
	if s.expiry != nil {
		s.expiry.Stop()
	}
	delete(g.searches, search)
}

// awaited returns a trigger that is signalled when an attempt whose job has ended reports more.
// It returns nil if no such attempt has sent a heartbeat lately.
func (g *registry) awaited(search string) trigger {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.searches[search]
	if s == nil {
		return nil
	}
	for _, x := range s.open {
		if x.open() && time.Since(x.heard) < silence {
			return s.reports
		}
	}
	return nil
}

// settle returns how many tokens the attempts at the jobs of a search, which have ended, may have
// generated beyond what they reported, and forgets the attempts.
func (g *registry) settle(search string) (unknown int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.searches[search]
	if s == nil {
		return 0
	}
	for _, x := range s.open {
		unknown += x.unknown()
	}
	if clear(s.open); len(s.jobs) == 0 {
		g.drop(search)
	}
	return unknown
}

// handleCancel fails all Expands of a search that any client has cancelled.
func (g *registry) handleCancel(search string, m *nats.Msg) {
	if len(m.Data) == 0 { // otherwise one job of the client that sent it
		g.failSearch(search, errSearchCancelled(search))
	}
}

// errSearchCancelled returns the error of Expand after a call of Cancel.
func errSearchCancelled(search string) error {
	return fmt.Errorf("search %s: %w", search, context.Canceled)
}

// failSearch fails all Expands of a search.
func (g *registry) failSearch(search string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.searches[search]; s != nil {
		for _, j := range s.jobs {
			j.expansion.put(update{err: err})
		}
	}
}

// failUndeliverable fails the job that JetStream has stored under this sequence and does
// not deliver again. The consumers that planners of earlier releases create limit deliveries.
func (g *registry) failUndeliverable(sequence uint64, deliveries int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	j := g.stored[sequence]
	if j == nil {
		return
	}
	last := "no worker claimed it: see the workers' logs"
	if start := j.start(j.claimant); start.Worker != "" {
		last = fmt.Sprintf("attempt %d, on worker %s, did not end: did the worker crash?", start.Attempt, start.Worker)
	}
	j.fail(fmt.Errorf("%w after %d attempts: %s", policy.ErrPoison, deliveries, last))
}

// failTerminated fails the job that JetStream has stored under this sequence and that is removed for
// this reason, if a worker has dropped it.
func (g *registry) failTerminated(sequence uint64, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if j := g.stored[sequence]; j != nil && reason == jobDropped {
		j.fail(fmt.Errorf("%w: %s: send the request again", reasoning.ErrUnavailable, reason))
	}
}

// failLost fails a job that the stream does not hold, unless the job is complete.
func (g *registry) failLost(j *job) {
	g.mu.Lock()
	defer g.mu.Unlock()
	j.fail(fmt.Errorf("%w: stream %s has lost a job, as when NATS restarts: send the request again",
		reasoning.ErrUnavailable, protocol.Stream))
}

// handleResult records a result, and replies which children of the job are missing: none
// if the registry does not hold the job.
func (g *registry) handleResult(search string, m *nats.Msg) {
	result, err := protocol.DecodeResult(m.Data)
	if err != nil && result.Job == "" {
		return // not a message of this protocol
	}
	if g.recordLate(search, result) {
		m.Respond(protocol.EncodeReply(nil)) // the job has ended
		return
	}
	reply := nats.NewMsg(m.Reply)
	reply.Data = protocol.EncodeReply(g.record(search, result, err, m.Header, reply.Header))
	m.RespondMsg(reply) // if that fails, the worker gets no reply and sends the result again
}

// recordLate bills a result of an attempt whose job has ended, or wants no more children. It reports
// false for any other result.
func (g *registry) recordLate(search string, result protocol.Result) bool {
	g.mu.Lock()
	from := origin{epoch: result.Epoch, start: result.Start}
	var x *expense
	if s := g.searches[search]; s != nil {
		x = s.open[attemptID{result.Job, from}]
		if j := s.jobs[result.Job]; x == nil && j != nil {
			x = j.lostExpense(from)
		}
		s.reports.signal()
	}
	var due reasoning.Usage
	if x != nil {
		due = x.late(result)
	}
	g.mu.Unlock()
	if due != (reasoning.Usage{}) {
		x.request.Wasted(lost(due))
	}
	return x != nil
}

// record records a result, or the error of a malformed child, and returns the ordinals of
// the children that are missing.
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
	from := origin{epoch: result.Epoch, start: result.Start}
	child, isChild := result.Event.(protocol.Child)
	if isChild && err == nil {
		child.Child, err = j.request.Check(child.Child)
	}
	if err != nil {
		j.refuse(from, child.Child, err)
		return nil
	}
	outdated := g.outdated(j, result.Epoch)
	if !outdated {
		j.expense(from).hear(result)
	}
	switch event := result.Event.(type) {
	case protocol.Claim:
		if outdated {
			return nil
		}
		if previous := j.claim(from, traceParent(in), g.maxAttempts); previous != "" {
			out.Set(protocol.HeaderPrevious, previous)
		}
	case protocol.Child:
		j.take(from, child.Child)
	case protocol.Stopped:
		if outdated {
			return nil
		}
		j.report(from, event, g.maxAttempts)
	case protocol.Failure:
		j.fail(event.Err)
	}
	return j.ordinals()
}

// outdated reports whether an attempt with this epoch began for an earlier job of this
// client with the name of j. The client has cancelled that job, so the attempt is about to
// stop. An attempt for an earlier client, which may have crashed, is not outdated.
func (g *registry) outdated(j *job, epoch string) bool {
	return epoch != j.epoch && strings.HasPrefix(epoch, g.client+"-")
}
