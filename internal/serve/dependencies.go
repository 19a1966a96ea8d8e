package serve

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/telemetry"
)

// Dependencies holds what a service opens before it serves, with its checks and closers:
// telemetry, connections to other services, and others.
type Dependencies struct {
	Telemetry *telemetry.Providers

	checks  []Check
	closers []func() error // in the order of opening
}

// exportTimeout bounds the export of the last spans and metrics: a pod is killed 5 s after its
// drain, and a collector that cannot be reached must not take longer.
const exportTimeout = 4 * time.Second

// open sets up the telemetry of a service.
func open(ctx context.Context, s *Settings) (*Dependencies, error) {
	options := telemetry.Options{Service: s.Name(), Version: Version(), Revision: Revision(), TraceFile: s.TraceFile}
	providers, err := telemetry.Setup(ctx, options)
	if err != nil {
		return nil, err
	}
	d := &Dependencies{Telemetry: providers}
	d.OnClose(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportTimeout)
		defer cancel()
		return providers.Shutdown(ctx)
	})
	return d, nil
}

// Dial returns a traced connection to a service, and adds the check that the service is
// ready.
func (d *Dependencies) Dial(service, addr string, need Need) (*grpc.ClientConn, error) {
	conn, err := Dial(addr, d.Telemetry.DialOption())
	if err != nil {
		return nil, err
	}
	d.OnClose(conn.Close)
	check := Ready(service, conn)
	check.Need = need
	d.Check(check)
	return conn, nil
}

// Check adds a check of the service's readiness.
func (d *Dependencies) Check(c Check) { d.checks = append(d.checks, c) }

// OnClose registers f, which is called after the service has stopped. The last one that was
// registered is called first.
func (d *Dependencies) OnClose(f func() error) { d.closers = append(d.closers, f) }

// close calls the closers, last first, and joins their errors.
func (d *Dependencies) close() error {
	var errs []error
	for _, f := range slices.Backward(d.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
