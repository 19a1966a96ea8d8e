package natstest

import (
	"bytes"
	"net"
	"sync"

	"github.com/nats-io/nats.go"
)

// Tamper returns an option that connects to the server of provider, and drops or duplicates
// publications: copies returns how often the server receives each.
func Tamper(provider nats.InProcessConnProvider, copies func(Publication) int) nats.Option {
	return nats.InProcessServer(&tamperer{provider, copies})
}

// A tamperer makes tampered connections.
type tamperer struct {
	provider nats.InProcessConnProvider
	copies   func(Publication) int
}

// InProcessConn implements nats.InProcessConnProvider.
func (t *tamperer) InProcessConn() (net.Conn, error) {
	conn, err := t.provider.InProcessConn()
	if err != nil {
		return nil, err
	}
	return &tamperedConn{Conn: conn, copies: t.copies}, nil
}

// A tamperedConn drops and duplicates the publications that a client writes to it.
type tamperedConn struct {
	net.Conn
	copies func(Publication) int

	mu   sync.Mutex
	rest []byte // beginning of an operation, of which the end is not written yet
}

// Write implements net.Conn.
func (c *tamperedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = append(c.rest, p...)
	var out []byte
	for {
		op, pub := parseOperation(c.rest)
		if op == nil {
			break
		}
		n := 1
		if pub != nil {
			n = c.copies(*pub)
		}
		out = append(out, bytes.Repeat(op, n)...)
		c.rest = c.rest[len(op):]
	}
	if len(out) > 0 {
		if _, err := c.Conn.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
