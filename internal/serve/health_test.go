package serve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		r := start(t, Service{Register: takes(0), Checks: []Check{
			{Name: "verifier at 127.0.0.1:7702", Do: func(context.Context) error { return nil }},
			{Name: "NATS at nats://127.0.0.1:4222", Do: func(ctx context.Context) error {
				if down.Load() {
					<-ctx.Done() // it hangs
					return errors.New("no answer\n")
				}
				return nil
			}},
		}})
		plain, err := Dial("passthrough:///policy", dialerOf(r), grpc.WithDisableServiceConfig(), grpc.WithDisableHealthCheck())
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		check := func(service string) (healthpb.HealthCheckResponse_ServingStatus, []string) {
			t.Helper()
			var trailer metadata.MD
			request := &healthpb.HealthCheckRequest{Service: service}
			response, err := healthpb.NewHealthClient(plain).Check(t.Context(), request, grpc.Trailer(&trailer))
			if err != nil {
				t.Fatal(err)
			}
			return response.Status, Missing(trailer)
		}
		time.Sleep(pollTimeout + pollEvery/4)
		synctest.Wait()
		if got, _ := check(Liveness); got != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("liveness: got %v", got)
		}
		for _, name := range []string{Readiness, "", "ponder.policy.v1.PolicyService"} {
			got, missing := check(name)
			want := []string{"NATS at nats://127.0.0.1:4222: no answer?"}
			if diff := cmp.Diff(missing, want); diff != "" || got != healthpb.HealthCheckResponse_NOT_SERVING {
				t.Errorf("%q: got %v, missing -, want +\n%s", name, got, diff)
			}
		}
		err = Ready("policy", plain).Do(t.Context())
		if err == nil || !strings.Contains(err.Error(), "nats://127.0.0.1:4222") {
			t.Errorf("got %v, want the name of what is missing", err)
		}
		if err := Ready("policy", r.conn).Do(t.Context()); err == nil {
			t.Error("a connection with health checks got through to a service that is not ready")
		}
		down.Store(false)
		time.Sleep(pollTimeout + pollEvery)
		synctest.Wait()
		if got, missing := check(Readiness); got != healthpb.HealthCheckResponse_SERVING || len(missing) > 0 {
			t.Errorf("got %v and %v, want ready", got, missing)
		}
		if err := Ready("policy", r.conn).Do(t.Context()); err != nil {
			t.Errorf("got %v, want ready", err)
		}
		plain.Close()
		r.conn.Close()
		r.stop()
		if err := <-r.done; err != nil {
			t.Error(err)
		}
	})
}

// A missing optional dependency is named, and the service is ready.
func TestReadyWithoutOptionalDependencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := func(context.Context) error { return errors.New("refused") }
		r := start(t, Service{Register: takes(0), Checks: []Check{{Name: "verifier at v:1", Do: down, Need: NeedNever}}})
		synctest.Wait()
		var trailer metadata.MD
		request := &healthpb.HealthCheckRequest{Service: Readiness}
		response, err := healthpb.NewHealthClient(r.conn).Check(t.Context(), request, grpc.Trailer(&trailer))
		if err != nil || response.GetStatus() != healthpb.HealthCheckResponse_SERVING || len(Missing(trailer)) > 0 {
			t.Errorf("got %v, error %v, missing %v; want ready", response, err, Missing(trailer))
		}
		if diff := cmp.Diff(Without(trailer), []string{"verifier at v:1: refused"}); diff != "" {
			t.Errorf("without (got before want):\n%s", diff)
		}
	})
}

// dialerOf returns the dialer of another connection to the rig.
func dialerOf(r *rig) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return r.listener.DialContext(ctx)
	})
}

func TestPages(t *testing.T) {
	h := newHealth(nil)
	pages := newPages(h, nil).Handler
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	nats, scores := outage{"NATS at a", "b", NeedAtStart, false}, outage{"verifier at c", "d", NeedNever, false}
	engine := outage{"engine at e", "f", NeedAlways, false}
	for _, c := range []struct {
		name, path string
		change     func()
		code       int
		want       string
	}{
		{"live", "/livez", func() {}, 200, "live\n"},
		{"live by the other name", "/healthz", func() {}, 200, "live\n"},
		{"first", "/readyz", func() {}, 503, "not ready: nothing known yet: dependencies are being checked\n"},
		{"missing", "/readyz", func() { h.record([]outage{nats, scores}) }, 503,
			"not ready\nmissing NATS at a: b\nwithout verifier at c: d\n"},
		{"without", "/readyz", func() { h.record([]outage{scores}) }, 200, "ready\nwithout verifier at c: d\n"},
		{"ready", "/readyz", func() { h.record(nil) }, 200, "ready\n"},
		{"missing later", "/readyz", func() { h.record([]outage{nats}) }, 200, "ready\nmissing NATS at a: b\n"},
		{"own one missing", "/readyz", func() { h.record([]outage{engine, nats}) }, 503,
			"not ready\nmissing engine at e: f\nmissing NATS at a: b\n"},
		{"stopping", "/readyz", func() { h.stop() }, 503, "not ready: the service is stopping\n"},
		{"polled while stopping", "/readyz", func() { h.record(nil) }, 503, "not ready: the service is stopping\n"},
		{"live while stopping", "/livez", func() {}, 200, "live\n"},
		{"no metrics", "/metrics", func() {}, 404, "404 page not found\n"},
	} {
		c.change()
		if code, body := get(c.path); code != c.code || body != c.want {
			t.Errorf("%s: got %d %q, want %d and %q", c.name, code, body, c.code, c.want)
		}
	}
}

// A dependency that all replicas share makes a service unready until it was ready once: an
// outage of NATS does not take every replica out of its balancer. One of the process alone
// does so at any time, and none makes the process dead.
func TestWhichDependenciesMakeAServiceUnready(t *testing.T) {
	for name, c := range map[string]struct {
		need  Need
		start healthpb.HealthCheckResponse_ServingStatus // while it is missing from the start
		later healthpb.HealthCheckResponse_ServingStatus // while it is missing after it was there
	}{
		"own":      {NeedAlways, healthpb.HealthCheckResponse_NOT_SERVING, healthpb.HealthCheckResponse_NOT_SERVING},
		"shared":   {NeedAtStart, healthpb.HealthCheckResponse_NOT_SERVING, healthpb.HealthCheckResponse_SERVING},
		"optional": {NeedNever, healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_SERVING},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var down atomic.Bool
				down.Store(true)
				r := start(t, Service{Register: takes(0), Checks: []Check{{Name: "a", Need: c.need, Do: func(context.Context) error {
					if down.Load() {
						return errors.New("refused")
					}
					return nil
				}}}})
				plain, err := Dial("passthrough:///policy", dialerOf(r), grpc.WithDisableServiceConfig(), grpc.WithDisableHealthCheck())
				if err != nil {
					t.Fatal(err)
				}
				defer plain.Close()
				expect := func(when, service string, want healthpb.HealthCheckResponse_ServingStatus) {
					t.Helper()
					time.Sleep(pollEvery)
					synctest.Wait()
					var trailer metadata.MD
					request := &healthpb.HealthCheckRequest{Service: service}
					response, err := healthpb.NewHealthClient(plain).Check(t.Context(), request, grpc.Trailer(&trailer))
					if err != nil || response.GetStatus() != want {
						t.Errorf("%s %s: got %v, error %v, want %v", when, service, response.GetStatus(), err, want)
					}
					named := append(Missing(trailer), Without(trailer)...)
					if service == Readiness && down.Load() && !slices.Equal(named, []string{"a: refused"}) {
						t.Errorf("%s: named %q, want what is missing", when, named)
					}
				}
				expect("at the start", Readiness, c.start)
				down.Store(false)
				expect("once it is there", Readiness, healthpb.HealthCheckResponse_SERVING)
				down.Store(true)
				expect("later", Readiness, c.later)
				expect("later", Liveness, healthpb.HealthCheckResponse_SERVING)
				down.Store(false)
				expect("when it is back", Readiness, healthpb.HealthCheckResponse_SERVING)
			})
		})
	}
}

// The log has every change of the missing dependencies, also where their number stays the
// same, and no poll that found the same ones.
func TestChangesAreLogged(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	h := newHealth(nil)
	a, b := outage{"policy at a", "refused", NeedAlways, false}, outage{"verifier at b", "refused", NeedAlways, false}
	optional := func(o outage) outage { o.need = NeedNever; return o }
	shared := outage{"NATS at c", "refused", NeedAtStart, false}
	for _, c := range []struct {
		name   string
		failed []outage
		want   string // in the log; "" if nothing is logged
	}{
		{"a is down", []outage{a}, `WARN msg="not ready" missing="[policy at a: refused]"`},
		{"a is still down", []outage{a}, ""},
		{"a is down for another reason", []outage{{"policy at a", "timeout", NeedAlways, false}}, ""},
		{"b instead", []outage{b}, `"[verifier at b: refused]"`},
		{"all up", nil, "INFO msg=ready\n"},
		{"optional a is down", []outage{optional(a)}, `WARN msg=ready without="[policy at a: refused]"`},
		{"optional b instead", []outage{optional(b)}, `without="[verifier at b: refused]"`},
		{"optional b still", []outage{optional(b)}, ""},
		{"shared", []outage{shared}, `WARN msg=ready missing="[NATS at c: refused]"`},
	} {
		log.Reset()
		h.record(c.failed)
		if got := log.String(); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: logged %q, want %q", c.name, got, c.want)
		}
	}
}
