package policyqueue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/ponder-mesh/ponder/internal/natsx"
	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// An expansion is one running Expand: what it is told waits here until its caller
// takes it, so that nobody waits for the caller.
type expansion struct {
	jobs []*job
	left int // children its caller has not seen

	mu     sync.Mutex
	events []event
	news   chan struct{} // holds one while there are events
}

// An event is a start, an error, what was written in vain, or else a child.
type event struct {
	start *policy.Start
	err   error
	vain  *reasoning.Usage
	child policy.Child
}

func (e *expansion) tell(ev event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, ev)
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *expansion) take() []event {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.events
	e.events = nil
	return events
}

// A job is a published job whose children are waited for.
type job struct {
	expansion *expansion
	search    string
	name      string
	epoch     string
	sequence  uint64           // in the stream; 0 until NATS has it
	missing   map[int]struct{} // ordinals
	last      policy.Start     // latest attempt
	shared    bool             // more than one attempt was at it
	trace     string           // its traceparent
	off       bool             // nobody wants it any more
	ended     bool             // and its worker has said its last word
}

// id is the job's message id.
func (j *job) id() string { return j.name + "/" + j.epoch }

// ordinals that are missing, in order.
func (j *job) ordinals() []int32 {
	var ordinals []int32
	for _, o := range slices.Sorted(maps.Keys(j.missing)) {
		ordinals = append(ordinals, int32(o))
	}
	return ordinals
}

// A search is the subscription for a search's results, while any of its jobs is
// waited for.
type search struct {
	sub  *nats.Subscription
	jobs map[string]*job
}

// open registers the job that r is, before it is published.
func (c *Client) open(e *expansion, r policy.Request) (*job, error) {
	name, err := jobName(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.searches[r.Search]
	if s == nil {
		sub, err := c.nc.Subscribe(results(r.Search), func(m *nats.Msg) { c.answer(r.Search, m) })
		if err != nil {
			return nil, unavailable(err)
		}
		s = &search{sub: sub, jobs: make(map[string]*job)}
		c.searches[r.Search] = s
	}
	for n, base := 2, name; s.jobs[name] != nil; n++ { // the same is asked for twice at the same time
		name = fmt.Sprintf("%s+%d", base, n)
	}
	j := &job{
		expansion: e,
		search:    r.Search,
		name:      name,
		epoch:     c.epoch + "-" + strconv.FormatUint(c.count.Add(1), 10),
		missing:   make(map[int]struct{}),
	}
	for _, o := range r.Ordinals {
		j.missing[o] = struct{}{}
	}
	s.jobs[name] = j
	e.jobs = append(e.jobs, j)
	return j, nil
}

// off marks e's jobs as not wanted any more, and returns those that were until now and
// that a worker may still work on or take: they miss children, or their children are
// not those of one attempt.
func (c *Client) off(e *expansion) (open []*job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range e.jobs {
		if !j.off && (len(j.missing) > 0 || j.shared) {
			open = append(open, j)
		}
		j.off = true
	}
	return open
}

// working says whether a worker has begun one of e's jobs and not said its last word.
func (c *Client) working(e *expansion) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(e.jobs, func(j *job) bool { return j.last != policy.Start{} && len(j.missing) > 0 && !j.ended })
}

// close forgets e's jobs.
func (c *Client) close(e *expansion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range e.jobs {
		delete(c.stored, j.sequence)
		s := c.searches[j.search]
		delete(s.jobs, j.name)
		if len(s.jobs) == 0 {
			s.sub.Unsubscribe() // fails only if the connection is closed
			delete(c.searches, j.search)
		}
	}
}

// abandon fails all jobs of a search.
func (c *Client) abandon(search string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.searches[search]; s != nil {
		for _, j := range s.jobs {
			j.expansion.tell(event{err: fmt.Errorf("search %s: %w", search, context.Canceled)})
		}
	}
}

// answer takes what a worker tells and replies which children are missing: none
// of a job that is not known.
func (c *Client) answer(search string, m *nats.Msg) {
	var result queuev1.ExpansionResult
	if err := proto.Unmarshal(m.Data, &result); err != nil {
		return // not one of ours
	}
	reply := nats.NewMsg(m.Reply)
	missing := c.record(search, &result, m.Header, reply.Header)
	reply.Data, _ = proto.Marshal(&queuev1.ResultReply{Missing: missing}) // numbers can always be marshalled
	m.RespondMsg(reply)                                                   // a worker without an answer asks again
}

func (c *Client) record(search string, result *queuev1.ExpansionResult, in, out nats.Header) []int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var j *job
	if s := c.searches[search]; s != nil {
		j = s.jobs[result.GetJobId()]
	}
	if j == nil {
		return nil
	}
	switch ev := result.GetEvent().(type) {
	case *queuev1.ExpansionResult_Claim:
		if j.off {
			return nil
		}
		if j.trace != "" {
			out.Set(headerPrevious, j.trace)
		}
		j.trace = natsx.Header(in).Get("traceparent")
		start := policy.Start{Worker: result.GetWorker(), Attempt: int(result.GetAttempt()), QueueWait: result.GetQueueWait().AsDuration()}
		j.shared = j.shared || j.last != policy.Start{}
		j.last = start
		if len(j.missing) > 0 {
			j.expansion.tell(event{start: &start})
		}
	case *queuev1.ExpansionResult_Child:
		child, err := policywire.ChildFromProto(ev.Child)
		if err != nil {
			j.expansion.tell(event{err: fmt.Errorf("job %s by worker %s: %w", j.name, result.GetWorker(), err)})
			return nil
		}
		if _, ok := j.missing[child.Ordinal]; ok || c.keepDuplicates {
			delete(j.missing, child.Ordinal)
			j.shared = j.shared || child.Start != j.last // of an attempt that another client's job began
			j.expansion.tell(event{child: child})
		}
	case *queuev1.ExpansionResult_Stopped:
		if vain, err := wire.UsageFromProto(ev.Stopped.GetWasted()); err == nil && j.off && !j.ended {
			j.expansion.tell(event{vain: &vain})
		}
		j.ended = true
	case *queuev1.ExpansionResult_Error:
		j.ended = true
		j.expansion.tell(event{err: fmt.Errorf("job %s: %w", j.name, rpcerr.FromProto(ev.Error))})
		return nil
	}
	if j.off {
		return nil
	}
	return j.ordinals()
}
