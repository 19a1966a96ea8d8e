package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
)

// freeAddress returns a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// A service serves profiles at the address of -pprof-addr from before it is built until it has stopped, and nowhere
// else.
func TestPprof(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(addr, path string) (string, error) {
		response, err := client.Get("http://" + addr + path)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response.Status + " " + string(body), err
	}
	s := NewSettings("policy", 0, 0, 0)
	s.PprofAddr = freeAddress(t)
	built := errors.New("built")
	err := Run(t.Context(), s, func(context.Context, *Dependencies) (Service, error) {
		for path, want := range map[string]string{
			"/debug/pprof/":                   "full goroutine stack dump",
			"/debug/pprof/goroutine?debug=1":  "goroutine profile: total",
			"/debug/pprof/heap?debug=1":       "heap profile: ",
			"/debug/pprof/profile?seconds=1":  "200 OK \x1f\x8b", // gzip
			"/debug/pprof/trace?seconds=0.01": "go 1.",
			"/debug/pprof/cmdline":            "serve.test",
			"/metrics":                        "404 ",
		} {
			if got, err := get(s.PprofAddr, path); err != nil || !strings.Contains(got, want) {
				t.Errorf("%s: got %.200q and error %v, want %q in it", path, got, err, want)
			}
		}
		return Service{}, built
	})
	if !errors.Is(err, built) {
		t.Errorf("stopped with %v, want the error of the builder", err)
	}
	if got, err := get(s.PprofAddr, "/debug/pprof/"); err == nil {
		t.Errorf("the pages are served after the end: %.100q", got)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	operations := StartOperations(listener, nil)
	defer operations.Close()
	if got, err := get(listener.Addr().String(), "/debug/pprof/"); err != nil || !strings.HasPrefix(got, "404 ") {
		t.Errorf("the listener for metrics: got %.100q and error %v, want 404", got, err)
	}
}

// An address that other machines can reach is refused with the reason, before the service is built.
func TestPprofRefuses(t *testing.T) {
	telemetrytest.ClearEnvironment(t)
	const reason = "must be a loopback address, such as 127.0.0.1:6060"
	for addr, want := range map[string]string{
		":0": reason, "0.0.0.0:0": reason, "[::]:0": reason, "192.0.2.1:6060": reason, "6060": "missing port",
		"localhost:0": "", "127.0.0.2:0": "", "": "",
	} {
		s := NewSettings("policy", 0, 0, 0)
		s.PprofAddr = addr
		stop, built := errors.New("built"), false
		err := Run(t.Context(), s, func(context.Context, *Dependencies) (Service, error) {
			built = true
			return Service{}, stop
		})
		if built != (want == "") {
			t.Errorf("%q: built %v with error %v", addr, built, err)
		}
		text := fmt.Sprint(err)
		if want != "" && (!strings.Contains(text, "-pprof-addr") || !strings.Contains(text, want)) {
			t.Errorf("%q: got error %q, want -pprof-addr and %q in it", addr, text, want)
		}
	}
}
