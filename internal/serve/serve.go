// Package serve runs a service: settings, a gRPC server with health and reflection,
// metrics, and a graceful shutdown.
//
// A service is live as long as it serves. It is ready from when it could use all dependencies
// that are not optional, until it stops, unless one fails that is its own ([Need]). Missing
// dependencies are reported, with their addresses, in the log, at /readyz of the metrics
// listener, and in the trailer of a health check ([Missing]).
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress requests, and then get compressed responses
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/ponder-mesh/ponder/internal/mux"
)

// A Service describes a gRPC server and its dependencies. Only Register is required.
type Service struct {
	Register   func(grpc.ServiceRegistrar)
	Checks     []Check                       // of its dependencies
	Background []func(context.Context) error // run with the server; they return when ctx ends
	Options    []grpc.ServerOption           // such as telemetry's
	Metrics    http.Handler                  // at /metrics; nil: none
	Tenancy    Tenancy                       // nil: OpenTenancy
	Absent     []string                      // names of services that it is configured to be without
}

// A Builder opens what a service depends on and returns the service.
type Builder func(context.Context, *Dependencies) (Service, error)

// Main is the main function of a service: it parses s from the command line and the
// environment, runs the service until it fails or receives SIGINT or SIGTERM, and exits.
func Main(s *Settings, build Builder) {
	slog.SetDefault(newLog(os.Stderr, s))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // restore the default: a second signal terminates the process
	if err := s.Parse(os.Args[1:], os.LookupEnv); err != nil {
		os.Exit(s.exit(err))
	}
	if s.Version {
		fmt.Println(s.Name(), Version())
		return
	}
	slog.Info("starting", "version", Version())
	for _, message := range s.unknown(os.Environ()) {
		slog.Warn(message)
	}
	if err := Run(ctx, s, build); err != nil {
		slog.Error("stopped", "error", err)
		os.Exit(1)
	}
}

// Run builds a service and serves it until ctx ends or something fails. Then it closes the
// dependencies of the service and joins the errors.
func Run(ctx context.Context, s *Settings, build Builder) (err error) {
	d, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.servePprof(s.PprofAddr); err != nil {
		return err
	}
	service, err := build(ctx, d)
	if err != nil {
		return err
	}
	service.Checks = append(service.Checks, d.checks...)
	service.Metrics = d.Telemetry.Metrics
	service.Options = append(service.Options, d.Telemetry.ServerOption())
	return service.ListenAndServe(ctx, s)
}

// ListenAndServe serves until ctx ends or something fails, then shuts down gracefully. It
// reports that it is not ready, and Background ends. For LameDuck it goes on accepting
// requests of clients that do not know yet that it is not ready; after a failure it does not.
// Then it gives requests in flight StopTimeout to finish, and cancels the rest.
func (service Service) ListenAndServe(ctx context.Context, s *Settings) error {
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("listen for gRPC: %w", err)
	}
	var metrics net.Listener
	if s.MetricsAddr != "" {
		if metrics, err = net.Listen("tcp", s.MetricsAddr); err != nil {
			return errors.Join(fmt.Errorf("listen for metrics: %w", err), listener.Close())
		}
	}
	return service.Serve(ctx, s, metrics, listener)
}

// Serve is ListenAndServe on the given listeners, which it closes; metrics may be nil.
func (service Service) Serve(ctx context.Context, s *Settings, metrics net.Listener, listeners ...net.Listener) error {
	parent := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	draining := make(chan struct{})
	server := grpc.NewServer(append(service.options(s, draining), service.Options...)...)
	service.Register(server)
	health := newHealth(service.Checks, slices.Collect(maps.Keys(server.GetServiceInfo()))...)
	health.absent = service.Absent
	healthpb.RegisterHealthServer(server, health)
	reflection.Register(server)

	ended, running := make(chan error), 0
	start := func(name string, f func() error) {
		running++
		go func() {
			err := f()
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			cancel(err) // any early exit stops the service
			ended <- err
		}()
	}
	for _, l := range listeners {
		start("gRPC server", func() error { return server.Serve(l) })
		if l.Addr().Network() == "tcp" { // others are of this process alone
			slog.Info("serving", "addr", l.Addr().String())
		}
	}
	start("readiness", func() error { health.poll(ctx); return nil })
	for _, f := range service.Background {
		start("background", func() error { return f(ctx) })
	}
	pages, served := newPages(health, service.Metrics), make(chan error, 1)
	if metrics == nil {
		served <- nil
	} else {
		go func() {
			err := servePages(pages, metrics)
			cancel(err)
			served <- err
		}()
		slog.Info("metrics", "addr", metrics.Addr().String())
	}

	<-ctx.Done()
	slog.Info("stopping", "lame_duck", s.LameDuck, "timeout", s.StopTimeout)
	health.stop()
	if parent.Err() != nil && s.LameDuck > 0 {
		time.Sleep(s.LameDuck)
	}
	close(draining)
	cut := time.AfterFunc(s.StopTimeout, server.Stop)
	server.GracefulStop()
	cut.Stop()
	var errs []error
	for range running {
		errs = append(errs, <-ended)
	}
	errs = append(errs, pages.Close(), <-served) // last: Background may drain for long
	return errors.Join(errs...)
}

// options returns the options that the gRPC server of every service has.
func (service Service) options(s *Settings, draining <-chan struct{}) []grpc.ServerOption {
	return append(Interceptors(service.Tenancy),
		grpc.ChainStreamInterceptor(mux.Drain(draining)),
		grpc.KeepaliveParams(s.keepalive()),
		grpc.KeepaliveEnforcementPolicy(enforcement),
		grpc.MaxConcurrentStreams(1000),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.WaitForHandlers(true),
	)
}
