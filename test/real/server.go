//go:build real

package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A server is a llama-server that starts at its first request.
type server struct {
	*openai.Engine
	command *exec.Cmd
	url     string
	once    sync.Once
	failed  error
	exited  chan struct{} // closed when the process has exited
}

// newServer returns a server of the model in a file, on a free port of loopback.
func newServer(
	lab *lab, name, version, file, templateName string, parameters int64, slots int, args ...string,
) (*server, error) {
	tmpl, err := template.Lookup(templateName)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return nil, err
	}
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	engine, err := openai.New(openai.Config{
		BaseURL: url, Model: name, Version: version, Template: tmpl, Dialect: openai.DialectLlamaCpp,
		Parameters: parameters, MaxInFlight: slots, Idle: 10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	args = append([]string{
		"-m", file, "-a", name, "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"-np", strconv.Itoa(slots), "-t", "1", "-tb", "1", "--no-ui",
	}, args...)
	command := exec.Command(filepath.Join(lab.cache, "llama-server"), args...)
	s := &server{Engine: engine, command: command, url: url, exited: make(chan struct{})}
	lab.servers = append(lab.servers, s)
	return s, nil
}

// Expand starts the server before the first request.
func (s *server) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		s.once.Do(func() { s.failed = s.start(ctx) })
		if s.failed != nil {
			yield(policy.Child{}, s.failed)
			return
		}
		s.Engine.Expand(ctx, r)(yield)
	}
}

// start starts the process and waits until the server is healthy.
func (s *server) start(ctx context.Context) error {
	log, err := os.CreateTemp("", "llama-server-*.log")
	if err != nil {
		return err
	}
	defer log.Close()
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return err
	}
	go func() {
		s.command.Wait() // errors are in the log
		close(s.exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/health", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return s.Ready(ctx)
			}
		}
		select {
		case <-s.exited:
			return fmt.Errorf("llama-server exited before it was ready: its output is in %s", log.Name())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("llama-server is not ready: its output is in %s", log.Name()), ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// stop stops the process, if it was started, and waits for its exit.
func (s *server) stop() {
	s.Engine.Close()
	if s.command.Process == nil {
		return
	}
	s.command.Process.Signal(os.Interrupt)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		s.command.Process.Kill()
		<-s.exited
	}
}
