package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// The doctor distinguishes a service that is live but not ready from one that does not
// answer, and names the missing dependencies of the first.
func TestDoctorNamesMissingDependencies(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	service := serve.Service{
		Register: func(grpc.ServiceRegistrar) {},
		Checks: []serve.Check{{
			Name: "engine at http://gpu:8000",
			Do:   func(context.Context) error { return errors.New("refused") },
		}},
	}
	go func() { ended <- service.Serve(ctx, &serve.Settings{StopTimeout: time.Second}, nil, listener) }()
	f := finding{Service: "policy", Address: listener.Addr().String()}
	for f.Problem == "" || strings.Contains(f.Problem, "nothing known yet") { // the service's first check is running
		f.check(t.Context(), time.Minute)
	}
	if !f.Live || f.Ready || !strings.Contains(f.Problem, "missing: engine at http://gpu:8000: refused") ||
		strings.Contains(f.Remedy, "start it: ponder dev") {
		t.Errorf("found %+v, want live, not ready, and the engine named", f)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	stopped := finding{Service: "policy", Address: f.Address}
	if stopped.check(t.Context(), time.Minute); stopped.Live || !strings.Contains(stopped.Remedy, "start it") {
		t.Errorf("found %+v of a stopped service, want it not live", stopped)
	}
}
