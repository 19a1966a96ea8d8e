// Package natsd runs a NATS server with JetStream in this process.
package natsd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx"
)

// Config configures a server. The zero value stores nothing beyond Close and does not
// listen.
type Config struct {
	Dir    string // for JetStream's files; empty is a temporary directory, removed by Close
	Listen string // address, such as 127.0.0.1:4222; empty does not listen
}

// A Server is a running server.
type Server struct {
	nats *server.Server
	temp string // directory to remove; empty if the caller provided it
}

// Start starts a server and returns when it accepts connections.
func Start(cfg Config) (_ *Server, err error) {
	s := &Server{}
	if cfg.Dir == "" {
		s.temp, err = os.MkdirTemp("", "natsd-")
		if err != nil {
			return nil, fmt.Errorf("create directory of the NATS server: %w", err)
		}
		cfg.Dir = s.temp
	}
	o := &server.Options{
		ServerName: "natsd", JetStream: true, StoreDir: cfg.Dir, NoSigs: true, NoLog: true, DontListen: true,
	}
	if cfg.Listen != "" {
		host, port, err := net.SplitHostPort(cfg.Listen)
		if err == nil {
			o.Host, o.DontListen = host, false
			o.Port, err = strconv.Atoi(port)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("address of the NATS server: %w", err), s.remove())
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	s.nats, err = server.NewServer(o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create NATS server: %w", err), s.remove())
	}
	s.nats.Start()
	if !s.nats.ReadyForConnections(10 * time.Second) {
		return nil, errors.Join(fmt.Errorf("start NATS server at %q: not ready within 10s", cfg.Listen), s.Close())
	}
	return s, nil
}

// Connect connects to the server without a network.
func (s *Server) Connect(name string, opts ...nats.Option) (*nats.Conn, error) {
	return natsx.Connect("nats://in-process", name, append([]nats.Option{nats.InProcessServer(s)}, opts...)...)
}

// InProcessConn implements the interface of [nats.InProcessServer].
func (s *Server) InProcessConn() (net.Conn, error) { return s.nats.InProcessConn() }

// URL returns the URL at which the server listens. It is meaningless if the server does
// not listen.
func (s *Server) URL() string { return s.nats.ClientURL() }

// Close stops the server and waits until it has stopped.
func (s *Server) Close() error {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	return s.remove()
}

func (s *Server) remove() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}
