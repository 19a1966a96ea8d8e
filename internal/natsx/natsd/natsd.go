// Package natsd runs a NATS server with JetStream in this process.
package natsd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/filelock"
	"github.com/ponder-mesh/ponder/internal/natsx"
)

// Config configures a server. With the zero Config the server does not listen on a network,
// and its data ends with Close.
type Config struct {
	Dir    string // of JetStream's files, for one server at a time; "" is a temporary directory, which Close removes
	Listen string // HOST:PORT, such as 127.0.0.1:4222, port 0 for any; "" does not listen
	Sync   bool   // acknowledge a message in a file only when it is on the disk, and not within two minutes
}

// A Server is a running server.
type Server struct {
	nats *server.Server
	temp string   // temporary directory; "" if Config has one
	lock *os.File // keeps the directory to this server
}

// Start starts a server, and returns it when it accepts connections.
func Start(cfg Config) (_ *Server, err error) {
	s := &Server{}
	if cfg.Dir == "" {
		s.temp, err = os.MkdirTemp("", "natsd-")
		if err != nil {
			return nil, fmt.Errorf("create directory of the NATS server: %w", err)
		}
		cfg.Dir = s.temp
	}
	if err := s.lockDir(cfg.Dir); err != nil {
		return nil, errors.Join(err, s.release())
	}
	o := &server.Options{
		ServerName: "natsd", JetStream: true, StoreDir: cfg.Dir, SyncAlways: cfg.Sync, NoSigs: true, NoLog: true, DontListen: true,
	}
	if cfg.Listen != "" {
		host, port, err := net.SplitHostPort(cfg.Listen)
		if err == nil {
			o.Host, o.DontListen = host, false
			o.Port, err = strconv.Atoi(port)
		}
		if err != nil {
			err = fmt.Errorf("address of the NATS server: must be HOST:PORT with a number as port: %w", err)
			return nil, errors.Join(err, s.release())
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	s.nats, err = server.NewServer(o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create NATS server: %w", err), s.release())
	}
	s.nats.Start()
	if !s.nats.ReadyForConnections(10 * time.Second) {
		err = fmt.Errorf("start NATS server at %q: not ready within 10s: is the address in use?", cfg.Listen)
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Connect returns a connection to the server that uses no network.
func (s *Server) Connect(name string, opts ...nats.Option) (*nats.Conn, error) {
	return natsx.Connect("nats://in-process", name, append([]nats.Option{nats.InProcessServer(s)}, opts...)...)
}

// InProcessConn implements nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) { return s.nats.InProcessConn() }

// URL returns the URL of a server that listens.
func (s *Server) URL() string { return s.nats.ClientURL() }

// Close stops the server, waits until it has stopped, and removes its temporary directory. A second
// Close has no effect.
func (s *Server) Close() error {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	return s.release()
}

// lockDir keeps a directory to this server, and creates it if there is none: two servers would damage each other's files.
func (s *Server) lockDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create directory of the NATS server: %w", err)
	}
	var err error
	if s.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("lock directory of the NATS server: %w", err)
	}
	switch locked, err := filelock.Lock(s.lock); {
	case err != nil:
		return fmt.Errorf("lock directory of the NATS server: %w", err)
	case !locked:
		return fmt.Errorf("directory %s: another process uses it: stop that process, or use another directory", dir)
	}
	return nil
}

// release unlocks the directory, and removes it if it is temporary.
func (s *Server) release() (err error) {
	if s.lock != nil {
		err = s.lock.Close()
		s.lock = nil
	}
	if s.temp != "" {
		err = errors.Join(err, os.RemoveAll(s.temp))
	}
	return err
}
