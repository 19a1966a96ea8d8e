package mesh_test

import (
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
)

// A restartable is a NATS server that can be stopped and replaced by an empty one.
type restartable struct {
	mu     sync.Mutex
	server *natsd.Server // nil while it is stopped
}

// InProcessConn connects to the running server; nats.InProcessServer calls it.
func (n *restartable) InProcessConn() (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server == nil {
		return nil, errors.New("no server")
	}
	return n.server.InProcessConn()
}

// start starts an empty server, which runs until the end of the test.
func (n *restartable) start(t *testing.T) {
	s := natstest.Server(t)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = s
}

// stop stops the server and waits until its clients have noticed.
func (n *restartable) stop(t *testing.T) {
	n.mu.Lock()
	s := n.server
	n.server = nil
	n.mu.Unlock()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	synctest.Wait()
}
