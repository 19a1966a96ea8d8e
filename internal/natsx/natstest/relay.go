package natstest

import (
	"errors"
	"net"
	"sync"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
)

// A Relay connects clients to a server that tests replace, as when a server restarts. It is
// an argument of nats.InProcessServer.
type Relay struct {
	mu     sync.Mutex
	server *natsd.Server
}

// SetServer makes s the server of later connections. While it is nil, connecting fails.
func (r *Relay) SetServer(s *natsd.Server) {
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
		return nil, errors.New("relay has no server: call SetServer")
	}
	return s.InProcessConn()
}
