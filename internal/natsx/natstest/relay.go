package natstest

import (
	"errors"
	"net"
	"sync"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
)

// A Relay leads connections to the server that runs at the time. Give it to
// nats.InProcessServer; while it has no server, connecting fails.
type Relay struct {
	mu     sync.Mutex
	server *natsd.Server
}

// Lead leads connections to s from now on; nil is to none.
func (r *Relay) Lead(s *natsd.Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = s
}

// InProcessConn implements nats.InProcessConnProvider.
func (r *Relay) InProcessConn() (net.Conn, error) {
	r.mu.Lock()
	s := r.server
	r.mu.Unlock()
	if s == nil {
		return nil, errors.New("no server")
	}
	return s.InProcessConn()
}
