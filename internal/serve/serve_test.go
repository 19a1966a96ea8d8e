package serve

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyrpc"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A rig is a service that runs in memory.
type rig struct {
	listener *bufconn.Listener
	conn     *grpc.ClientConn
	stop     context.CancelFunc
	done     chan error
}

func start(t *testing.T, service Service) *rig {
	return startWith(t, service, NewSettings("policy", 0, 0, 0))
}

func startWith(t *testing.T, service Service, settings *Settings) *rig {
	listener := bufconn.Listen(1 << 20)
	ctx, stop := context.WithCancel(t.Context())
	r := &rig{listener: listener, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- service.Serve(ctx, settings, nil, listener) }()
	conn, err := Dial("passthrough:///policy", dialerOf(r))
	if err != nil {
		t.Fatal(err)
	}
	r.conn = conn
	t.Cleanup(func() { conn.Close() })
	return r
}

// takes returns a service that writes a solution in a time.
func takes(delay time.Duration) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) { policyrpc.Register(r, policytest.Steps(1, delay), reasoning.Sampling{}) }
}

var request = policy.Request{
	Search:   "s",
	Problem:  "p",
	Ordinals: []int{0},
	Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
}

func TestStopLetsRequestsFinish(t *testing.T) {
	for name, c := range map[string]struct {
		takes, stops time.Duration // from the request's start
		want         error
	}{
		"in time":  {10 * time.Second, 10 * time.Second, nil},
		"too long": {time.Hour, 26 * time.Second, reasoning.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, Service{Register: takes(c.takes)})
				synctest.Wait() // it is ready
				client := policyrpc.NewClient(r.conn)
				defer client.Close()
				result := make(chan error, 1)
				began := time.Now()
				go func() {
					var last error
					for _, err := range client.Expand(t.Context(), request) {
						last = err
					}
					result <- last
				}()
				time.Sleep(time.Second)
				r.stop()
				if err := <-r.done; err != nil || time.Since(began) != c.stops {
					t.Errorf("stopped with %v after %v, want that after %v", err, time.Since(began), c.stops)
				}
				if err := <-result; !errors.Is(err, c.want) {
					t.Errorf("the request got %v, want %v", err, c.want)
				}
			})
		})
	}
}

// A service that stops is unready at once, serves new requests for LameDuck, and refuses them
// afterwards; one that fails, or whose LameDuck is 0, refuses them at once.
func TestLameDuck(t *testing.T) {
	const lameDuck = 5 * time.Second
	for name, c := range map[string]struct {
		lameDuck time.Duration
		fails    bool // stops since its background failed, not by a signal
		want     error
		stops    time.Duration
	}{
		"lame duck": {lameDuck, false, nil, lameDuck},
		"none":      {0, false, reasoning.ErrUnavailable, 0},
		"failed":    {lameDuck, true, reasoning.ErrUnavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fail := make(chan struct{})
				service := Service{Register: takes(0), Background: []func(context.Context) error{func(ctx context.Context) error {
					select {
					case <-fail:
						return errors.New("boom")
					case <-ctx.Done():
						return nil
					}
				}}}
				settings := NewSettings("policy", 0, 0, 0)
				settings.LameDuck = c.lameDuck
				r := startWith(t, service, settings)
				plain, err := Dial("passthrough:///policy", dialerOf(r), grpc.WithDisableServiceConfig(), grpc.WithDisableHealthCheck())
				if err != nil {
					t.Fatal(err)
				}
				defer plain.Close()
				synctest.Wait() // it is ready
				if err := WaitReady(t.Context(), plain); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if c.fails {
					close(fail)
				} else {
					r.stop()
				}
				synctest.Wait() // it is lame, or has stopped
				ready, err := healthpb.NewHealthClient(plain).Check(t.Context(), &healthpb.HealthCheckRequest{Service: Readiness})
				if c.want == nil && (err != nil || ready.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING) {
					t.Errorf("ready %v, error %v, want it not ready", ready, err)
				}
				client := policyrpc.NewClient(plain)
				defer client.Close()
				var got error
				for _, err := range client.Expand(t.Context(), request) {
					got = err
				}
				if !errors.Is(got, c.want) {
					t.Errorf("a new request got %v, want %v", got, c.want)
				}
				if err := <-r.done; (err != nil) != c.fails || time.Since(began) != c.stops {
					t.Errorf("stopped with %v after %v, want that after %v", err, time.Since(began), c.stops)
				}
			})
		})
	}
}

// A client with an open stream and health watch, but no request, does not delay the
// stop.
func TestStopDoesNotWaitForIdleClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, Service{Register: takes(0)})
		synctest.Wait() // it is ready
		client := policyrpc.NewClient(r.conn)
		defer client.Close()
		for _, err := range client.Expand(t.Context(), request) {
			if err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		r.stop()
		if err := <-r.done; err != nil || time.Since(began) > 0 {
			t.Errorf("stopped with %v after %v, want at once", err, time.Since(began))
		}
	})
}

func TestBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		stopped := false
		r := start(t, Service{Register: takes(0), Background: []func(context.Context) error{
			func(context.Context) error { time.Sleep(time.Minute); return boom },
			func(ctx context.Context) error { <-ctx.Done(); time.Sleep(time.Second); stopped = true; return nil },
		}})
		began := time.Now()
		if err := <-r.done; !errors.Is(err, boom) || !stopped || time.Since(began) != time.Minute+time.Second {
			t.Errorf("ended with %v after %v, the other stopped: %v; want boom after 1m1s", err, time.Since(began), stopped)
		}
	})
}

func TestReflection(t *testing.T) {
	r := start(t, Service{Register: takes(0)})
	v1, err := reflectionv1.NewServerReflectionClient(r.conn).ServerReflectionInfo(t.Context(), grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	alpha, err := reflectionv1alpha.NewServerReflectionClient(r.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := v1.Send(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 old clients use it: that is what is tested
	if err := alpha.Send(&reflectionv1alpha.ServerReflectionRequest{
		MessageRequest: &reflectionv1alpha.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	a, err := v1.Recv()
	if err != nil || !strings.Contains(a.String(), "ponder.policy.v1.PolicyService") {
		t.Errorf("v1: got %v and %v", a, err)
	}
	b, err := alpha.Recv()
	if err != nil || !strings.Contains(b.String(), "grpc.health.v1.Health") {
		t.Errorf("v1alpha: got %v and %v", b, err)
	}
	r.conn.Close()
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

// Over the network: what ListenAndServe and Dial do beyond the rig.
func TestListenAndServe(t *testing.T) {
	s := NewSettings("policy", 0, 0, time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = free.Addr().String()
	if err := (Service{Register: takes(0)}).ListenAndServe(ctx, s); err == nil || !strings.Contains(err.Error(), s.Addr) {
		t.Errorf("address in use: got %v", err)
	}
	free.Close()
	go func() { done <- Service{Register: takes(0)}.ListenAndServe(ctx, s) }()
	conn, err := Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		t.Error(err)
	}
	conn.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
