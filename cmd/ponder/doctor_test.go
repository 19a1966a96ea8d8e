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

// A service that lives but is not ready is told from one that is not there, and
// what it misses is named.
func TestDoctorNamesWhatIsMissing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	service := serve.Service{
		Register: func(grpc.ServiceRegistrar) {},
		Checks:   []serve.Check{{Name: "engine at http://gpu:8000", Do: func(context.Context) error { return errors.New("refused") }}},
	}
	go func() { ended <- service.Serve(ctx, &serve.Settings{StopTimeout: time.Second}, nil, listener) }()
	f := finding{Service: "policy", Address: listener.Addr().String()}
	for f.Problem == "" || strings.Contains(f.Problem, "nothing known yet") { // its first look around is under way
		f.examine(t.Context(), time.Minute)
	}
	if !f.Live || f.Ready || !strings.Contains(f.Problem, "misses engine at http://gpu:8000: refused") || strings.Contains(f.Remedy, "start it: ponder dev") {
		t.Errorf("found %+v", f)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	gone := finding{Service: "policy", Address: f.Address}
	if gone.examine(t.Context(), time.Minute); gone.Live || !strings.Contains(gone.Remedy, "start it") {
		t.Errorf("found %+v of one that is not there", gone)
	}
}
