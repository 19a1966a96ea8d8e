package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// The doctor distinguishes a service that is live but not ready from one that does not respond, and names the
// missing dependencies of the first.
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
		t.Errorf("found %+v of a stopped service, want not live", stopped)
	}
}

// The doctor finds a dependency that a ready service lacks, and fails.
func TestDoctorNamesWhatAReadyServiceLacks(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var started atomic.Bool
	service := serve.Service{
		Register: func(grpc.ServiceRegistrar) {},
		Checks: []serve.Check{{Name: "queue on NATS at n:4222", Need: serve.NeedAtStart, Do: func(context.Context) error {
			if started.Swap(true) {
				return errors.New("refused")
			}
			return nil
		}}},
	}
	go func() { ended <- service.Serve(ctx, &serve.Settings{StopTimeout: time.Second}, nil, listener) }()
	addr := listener.Addr().String()
	c := doctorCmd{addresses: addresses{Port: plannerPort, PlannerAddr: addr, PolicyAddr: addr, VerifierAddr: addr, DifficultyAddr: addr}, Wait: time.Minute}
	var f finding
	for !f.Ready || f.Problem == "" { // until the second check
		f = finding{Service: "planner", Address: addr}
		f.check(t.Context(), time.Minute)
	}
	if !f.Live || f.Problem != "missing: queue on NATS at n:4222: refused" {
		t.Errorf("found %+v, want it live and ready, and NATS named", f)
	}
	stdout, _ := capture(t, func() { err = c.Run(t.Context(), &output{}) })
	if err == nil || err.Error() != "4 of 4 services lack a dependency" || !strings.Contains(stdout, "ready, but missing: queue on NATS") {
		t.Errorf("got %v and\n%s", err, stdout)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The doctor finds a mesh without a verifier well, as it is configured so, and says of a wrong key that the setting must
// be corrected; with a verifier that is merely down it fails.
func TestDoctorOfAMeshWithAModelServer(t *testing.T) {
	for name, c := range map[string]struct {
		refuse bool     // the server refuses the key
		flags  []string // of dev, besides those of the policy
		err    string
		want   []string
	}{
		"without a verifier": {want: []string{
			"verifier", "none: the planner is configured without it", "All services that the planner uses are ready"}},
		"key refused": {refuse: true, err: "1 of 4 services are not ready", want: []string{
			"NOT READY: missing: policy engine at ", "401", "PONDER_POLICY_API_KEY",
			"→ correct the setting that it names and restart the service"}},
		"verifier down": {flags: []string{"--verifier-url", "http://127.0.0.1:1/v1", "--verifier-model", "m", "--verifier-family", "rlhflow"},
			err: "1 of 4 services are not ready", want: []string{"reward model at ", "→ start the missing dependencies"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.refuse {
					http.Error(w, `{"error":{"message":"Incorrect API key provided"}}`, http.StatusUnauthorized)
					return
				}
				io.WriteString(w, `{"data":[{"id":"toy","owned_by":"llamacpp"}]}`)
			}))
			defer server.Close()
			a, stop := startDev(t, append([]string{"--policy-url", server.URL + "/v1", "--policy-model", "toy"}, c.flags...)...)
			defer stop()
			doctor := doctorCmd{Wait: time.Minute,
				addresses: addresses{Port: plannerPort, PlannerAddr: a[1], PolicyAddr: a[2], VerifierAddr: a[3], DifficultyAddr: a[4]}}
			var stdout string
			var err error
			for stdout == "" || strings.Contains(stdout, "nothing known yet") { // the services' first checks are running
				stdout, _ = capture(t, func() { err = doctor.Run(t.Context(), &output{}) })
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
				t.Errorf("got %v, want %q", err, c.err)
			}
			for _, want := range c.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("%q is not in\n%s", want, stdout)
				}
			}
		})
	}
}
