package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
)

// startDev starts ponder dev with flags besides those of its addresses, and returns the addresses once it serves the
// pages of operators: of metrics and of the services in the order of doctor. stop ends it.
func startDev(t *testing.T, flags ...string) (addresses []string, stop func()) {
	t.Helper()
	telemetrytest.ClearEnvironment(t)
	for range 5 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, listener.Addr().String())
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var c cli
	parser, err := newParser(&c, kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"--metrics-addr", "--planner-addr", "--policy-addr", "--verifier-addr", "--difficulty-addr"}
	args := append([]string{"dev"}, flags...)
	for i, name := range names {
		args = append(args, name, addresses[i])
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Dev.Run(ctx, &output{json: true}) }()
	for live := false; !live; {
		response, err := http.Get("http://" + addresses[0] + "/livez")
		if live = err == nil; live {
			response.Body.Close()
		}
		select {
		case err := <-ended:
			t.Fatalf("the mesh stopped: %v", err)
		default:
		}
	}
	return addresses, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// The mesh in one process serves the pages that a process of a deployment serves.
func TestDevServesTheOperationsPages(t *testing.T) {
	addresses, stop := startDev(t)
	get := func(path string) (status int, body string, err error) {
		response, err := http.Get("http://" + addresses[0] + path)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		return response.StatusCode, string(b), err
	}
	for status := 0; status != http.StatusOK; { // until the first poll
		var err error
		if status, _, err = get("/readyz"); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"/readyz": "ready\n", "/livez": "live\n", "/healthz": "live\n", "/metrics": `service_name="ponder-dev"`,
	} {
		if status, body, err := get(path); err != nil || status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: got %d, %v and %.80q, want %q", path, status, err, body, want)
		}
	}
	stop()
}

// A second mesh on the same addresses says what uses them and which flags choose others, whichever address is first in use.
func TestDevTwiceNamesTheFlags(t *testing.T) {
	first, stop := startDev(t)
	defer stop()
	for name, metrics := range map[string]string{"metrics": first[0], "services": "127.0.0.1:0"} {
		var c cli
		parser, err := newParser(&c)
		if err != nil {
			t.Fatal(err)
		}
		line := []string{"dev", "--metrics-addr", metrics, "--planner-addr", first[1], "--policy-addr", first[2],
			"--verifier-addr", first[3], "--difficulty-addr", first[4]}
		if _, err := parser.Parse(line); err != nil {
			t.Fatal(err)
		}
		err = c.Dev.Run(t.Context(), &output{json: true})
		if err == nil || !strings.Contains(err.Error(), "in use (perhaps by another ponder dev") || !strings.Contains(err.Error(), "--planner-addr") {
			t.Errorf("%s: got %v, want the flags named", name, err)
		}
	}
}
