package serve

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/telemetry"
)

// Dependencies are what a service opens before it serves: telemetry, connections to
// other services, and whatever else has to be checked and closed.
type Dependencies struct {
	Telemetry *telemetry.Providers

	checks  []Check
	closers []func() error // in the order of opening
}

// open sets up the telemetry of a service.
func open(ctx context.Context, s *Settings) (*Dependencies, error) {
	providers, err := telemetry.Setup(ctx, telemetry.Options{Service: s.Name(), Version: Version(), TraceFile: s.TraceFile})
	if err != nil {
		return nil, err
	}
	d := &Dependencies{Telemetry: providers}
	d.OnClose(func() error { return providers.Shutdown(context.WithoutCancel(ctx)) })
	return d, nil
}

// Dial returns a traced connection to a service, and adds the check that the service
// is ready. Optional is what Check.Optional is.
func (d *Dependencies) Dial(service, addr string, optional bool) (*grpc.ClientConn, error) {
	conn, err := Dial(addr, d.Telemetry.DialOption())
	if err != nil {
		return nil, err
	}
	d.OnClose(conn.Close)
	check := Ready(service, conn)
	check.Optional = optional
	d.Check(check)
	return conn, nil
}

// Check adds a check of the service's readiness.
func (d *Dependencies) Check(c Check) { d.checks = append(d.checks, c) }

// OnClose has f called when the service has stopped, before what was opened earlier
// is closed.
func (d *Dependencies) OnClose(f func() error) { d.closers = append(d.closers, f) }

// close closes all, last first, and returns every error.
func (d *Dependencies) close() error {
	var errs []error
	for _, f := range slices.Backward(d.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
