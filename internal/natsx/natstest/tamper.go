package natstest

import (
	"bytes"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// A Publication is a message that a client publishes.
type Publication struct {
	Subject string
	Reply   string // "" if no reply is asked for
	Data    []byte // without headers
}

// Tamper returns an option that drops or duplicates the publications of connections to
// dialer: the server receives each as many times as copies returns.
func Tamper(dialer nats.InProcessConnProvider, copies func(Publication) int) nats.Option {
	return nats.InProcessServer(&tamperer{dialer, copies})
}

type tamperer struct {
	dialer nats.InProcessConnProvider
	copies func(Publication) int
}

// InProcessConn implements nats.InProcessConnProvider.
func (t *tamperer) InProcessConn() (net.Conn, error) {
	conn, err := t.dialer.InProcessConn()
	if err != nil {
		return nil, err
	}
	return &tamperedConn{Conn: conn, copies: t.copies}, nil
}

// A tamperedConn is a client's connection.
type tamperedConn struct {
	net.Conn
	copies func(Publication) int

	mu   sync.Mutex
	rest []byte // beginning of an incomplete operation
}

// Write implements net.Conn.
func (c *tamperedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = append(c.rest, p...)
	var out []byte
	for {
		op, pub := operation(c.rest)
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

// operation returns the first operation of NATS's client protocol in b, or nil if it is
// incomplete, and its publication, or nil if it publishes nothing.
func operation(b []byte) (op []byte, pub *Publication) {
	line, _, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok {
		return nil, nil
	}
	end := len(line) + 2
	fields := strings.Fields(string(line))
	if len(fields) == 0 {
		return b[:end], nil
	}
	headers := 0 // fields that give the length of headers
	switch strings.ToUpper(fields[0]) {
	case "HPUB":
		headers = 1
	case "PUB":
	default:
		return b[:end], nil
	}
	size, err := strconv.Atoi(fields[len(fields)-1])
	if err != nil {
		return b[:end], nil
	}
	if len(b) < end+size+2 {
		return nil, nil
	}
	pub = &Publication{Subject: fields[1], Data: b[end : end+size]}
	if headers > 0 {
		n, err := strconv.Atoi(fields[len(fields)-2])
		if err == nil {
			pub.Data = pub.Data[n:]
		}
	}
	if len(fields) == 4+headers {
		pub.Reply = fields[2]
	}
	return b[:end+size+2], pub
}
