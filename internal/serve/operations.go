package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Operations serves the pages for operators of a process that is not one Service: /metrics,
// /livez (also as /healthz) and /readyz. Make it with [StartOperations].
type Operations struct {
	health *health
	server *http.Server
	stop   context.CancelFunc
	polled chan struct{} // closed when the checks have ended
	done   chan struct{} // closed when the pages are no longer served
	err    error         // why; read after done is closed
}

// StartOperations serves the pages on the listener, which Close closes; a nil metrics serves
// no /metrics. It is ready by the checks, as a Service is.
func StartOperations(listener net.Listener, metrics http.Handler, checks ...Check) *Operations {
	ctx, stop := context.WithCancel(context.Background())
	o := &Operations{health: newHealth(checks), stop: stop, polled: make(chan struct{}), done: make(chan struct{})}
	o.server = newPages(o.health, metrics)
	go func() {
		defer close(o.polled)
		o.health.poll(ctx)
	}()
	go func() {
		defer close(o.done)
		o.err = servePages(o.server, listener)
	}()
	return o
}

// Done returns a channel that is closed when the pages are no longer served, also after a
// failure.
func (o *Operations) Done() <-chan struct{} { return o.done }

// Drain makes the process unready for good.
func (o *Operations) Drain() { o.health.stop() }

// Close stops serving the pages.
func (o *Operations) Close() error {
	o.Drain()
	o.stop()
	err := o.server.Close()
	<-o.polled
	<-o.done
	return errors.Join(err, o.err)
}

// newPages returns the HTTP server of the pages for operators; a nil metrics serves no /metrics.
func newPages(h *health, metrics http.Handler) *http.Server {
	pages := http.NewServeMux()
	if metrics != nil {
		pages.Handle("GET /metrics", metrics)
	}
	live := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "live") }
	pages.HandleFunc("GET /livez", live)
	pages.HandleFunc("GET /healthz", live) // the name that other load balancers request
	pages.HandleFunc("GET /readyz", h.page)
	return &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second}
}

// servePages serves until the server is closed.
func servePages(server *http.Server, listener net.Listener) error {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}
