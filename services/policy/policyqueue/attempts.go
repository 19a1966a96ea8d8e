package policyqueue

import (
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// attempts holds the running attempts of a worker.
type attempts struct {
	mu  sync.Mutex
	all map[*attempt]struct{}
}

func newAttempts() *attempts { return &attempts{all: make(map[*attempt]struct{})} }

func (s *attempts) add(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[a] = struct{}{}
}

func (s *attempts) remove(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, a)
}

// handleCancel stops the attempts at the jobs that a message cancels.
func (s *attempts) handleCancel(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.all {
		if m.Subject == protocol.CancelSubject(a.search) && (len(m.Data) == 0 || string(m.Data) == a.id) {
			a.cancel(errCancelled)
		}
	}
}
