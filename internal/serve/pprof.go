package serve

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// servePprof serves profiles at addr until the dependencies are closed, so that the profiles of a drain can be read too.
func (d *Dependencies) servePprof(addr string) error {
	stop, err := StartPprof(addr)
	if err != nil {
		return fmt.Errorf("-pprof-addr %q: %w", addr, err)
	}
	d.OnClose(stop)
	return nil
}

// StartPprof serves the pages of net/http/pprof at addr until stop is called. An empty addr serves none; an addr that is
// not a loopback one is an error.
func StartPprof(addr string) (stop func() error, err error) {
	if addr == "" {
		return func() error { return nil }, nil
	}
	listener, err := listenLoopback(addr)
	if err != nil {
		return nil, err
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET /debug/pprof/", pprof.Index) // also the profiles by name, such as heap
	pages.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	pages.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	pages.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	pages.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	pages.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server, served := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second}, make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	slog.Info("pprof", "addr", listener.Addr().String())
	return func() error {
		err := server.Close()
		if failed := <-served; !errors.Is(failed, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("pprof: %w", failed))
		}
		return err
	}, nil
}

// listenLoopback listens on a loopback address. It resolves the name of a host first, and listens on that address.
func listenLoopback(addr string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !resolved.IP.IsLoopback() {
		return nil, errors.New("must be a loopback address, such as 127.0.0.1:6060: " +
			"there is no authentication, and profiles show what the process does and its command line")
	}
	return net.ListenTCP("tcp", resolved)
}
