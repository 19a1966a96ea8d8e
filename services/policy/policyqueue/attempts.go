package policyqueue

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// attempts holds the running attempts of a worker.
type attempts struct {
	mu        sync.Mutex
	running   map[*attempt]struct{}
	cancelled map[string]struct{} // message ids of jobs that were cancelled within natsTimeout
}

func newAttempts() *attempts {
	return &attempts{running: make(map[*attempt]struct{}), cancelled: make(map[string]struct{})}
}

// add adds an attempt. It stops the attempt if the cancellation of its job overtook the job,
// which arrives by another subscription.
func (s *attempts) add(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[a] = struct{}{}
	if _, ok := s.cancelled[a.id]; ok {
		a.cancel(errCancelled)
	}
}

// slots returns how many slots the attempts use.
func (s *attempts) slots() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.running {
		n += a.reserved.size()
	}
	return n
}

func (s *attempts) remove(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, a)
}

// handleCancel stops the attempts at the jobs that a message cancels.
func (s *attempts) handleCancel(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := string(m.Data)
	for a := range s.running {
		if m.Subject == protocol.CancelSubject(a.search) && (id == "" || id == a.id) {
			a.cancel(errCancelled)
		}
	}
	if id != "" {
		s.cancelled[id] = struct{}{}
		time.AfterFunc(natsTimeout, func() { s.forget(id) })
	}
}

// forget removes the message id of a job that was cancelled.
func (s *attempts) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cancelled, id)
}
