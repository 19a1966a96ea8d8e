package policyqueue

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Intervals in which a worker reports to the client of a job what the attempt has spent: while that
// changes, and at most.
const (
	tellEvery      = 250 * time.Millisecond
	heartbeatEvery = time.Second
)

// sendHeartbeats sends heartbeats to JetStream until ctx ends, so that it does not deliver
// the job to another worker.
func (a *attempt) sendHeartbeats(ctx context.Context) {
	ticker := time.NewTicker(a.worker.cfg.AckWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.msg.InProgress() // two may fail before JetStream delivers the job again
		}
	}
}

// startHeartbeats sends heartbeats to the client, with what the attempt has spent, until the
// caller calls stop.
func (a *attempt) startHeartbeats() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	reporter, ended := a.reporter(), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(tellEvery)
		defer ticker.Stop()
		var reported reasoning.Usage
		last := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				if spent := a.spending.total(); spent != reported || now.Sub(last) >= heartbeatEvery {
					reporter.heartbeat()
					reported, last = spent, now
				}
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// heartbeat sends a result without an event. It waits for no reply.
func (r reporter) heartbeat() {
	msg, err := r.message(context.Background(), nil)
	if err == nil {
		err = r.nc.PublishMsg(msg)
	}
	if err != nil {
		slog.Debug("heartbeat is not sent", "worker", r.start.Worker, "search", r.search, "job", r.job, "error", err)
	}
}

// A spending is what an attempt has spent. It is safe for concurrent use.
type spending struct {
	mu         sync.Mutex
	ended      reasoning.Usage         // on finished children, and on those that were stopped or failed
	unfinished map[int]reasoning.Usage // by ordinal
}

func newSpending() *spending { return &spending{unfinished: make(map[int]reasoning.Usage)} }

// progress notes what an unfinished child has cost so far.
func (s *spending) progress(ordinal int, spent reasoning.Usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unfinished[ordinal] = spent
}

// finish notes the cost of a finished child.
func (s *spending) finish(c policy.Child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.unfinished, c.Ordinal)
	s.ended = s.ended.Add(c.Usage)
}

// stop notes the cost of the unfinished children, which are not generated any more, as the
// policy reports it, and returns it. If more was noted before, as of a policy that panicked,
// that is their cost.
func (s *spending) stop(reported reasoning.Usage) reasoning.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	var noted reasoning.Usage
	for _, u := range s.unfinished {
		noted = noted.Add(u)
	}
	if noted.Generated > reported.Generated {
		reported = noted
	}
	clear(s.unfinished)
	s.ended = s.ended.Add(reported)
	return reported
}

// total returns all that the attempt has spent so far.
func (s *spending) total() reasoning.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := s.ended
	for _, u := range s.unfinished {
		total = total.Add(u)
	}
	return total
}
