package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

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

// startDev starts ponder dev with flags besides those of its addresses, and returns the addresses once it serves the
// pages of operators: of metrics and of the services in the order of doctor. stop ends it.
func startDev(t *testing.T, flags ...string) (addresses []string, stop func()) {
	t.Helper()
	telemetrytest.ClearEnvironment(t)
	for range 5 {
		addresses = append(addresses, freeAddress(t))
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
		if err == nil || !strings.Contains(err.Error(), "in use (perhaps by another ponder dev") || !strings.Contains(err.Error(), "--port 27700") {
			t.Errorf("%s: got %v, want the flags named", name, err)
		}
	}
}

// The log has a record of each search that is accepted and ends, unless --log-level leaves them out; profiles are at
// the address of --pprof-addr, which must be a loopback one.
func TestDevLogsSearchesAndServesProfiles(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	for level, want := range map[string]int{"info": 1, "warn": 0} {
		var profiles string
		stdout, stderr := capture(t, func() {
			pprof := freeAddress(t)
			addresses, stop := startDev(t, "--log-level", level, "--pprof-addr", pprof)
			defer stop()
			response, err := http.Get("http://" + pprof + "/debug/pprof/")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			profiles = string(body)
			for _, line := range [][]string{{"solve", "--strategy", "greedy", "-q", exampleProblem}, {"searches", "--most", "2"}} {
				var c cli
				parser, err := newParser(&c)
				if err != nil {
					t.Fatal(err)
				}
				command, err := parser.Parse(append(line, "--addr", addresses[1]))
				if err != nil {
					t.Fatal(err)
				}
				command.BindTo(t.Context(), (*context.Context)(nil))
				if err := command.Run(&output{}); err != nil {
					t.Error(err)
				}
			}
		})
		id := regexp.MustCompile(`search (\w{26})\n`).FindStringSubmatch(stderr)
		if id == nil || !strings.Contains(stdout, "\n"+id[1]+"  succeeded  ") || strings.Contains(stderr, "✓") {
			t.Errorf("got %q, want the search in the list and no node; standard error\n%s", stdout, stderr)
		}
		if !strings.Contains(profiles, "goroutine") {
			t.Errorf("the page of profiles is %.200q", profiles)
		}
		for _, record := range []string{`msg="search accepted"`, `msg="search ended"`} {
			if n := strings.Count(stderr, record); n != want {
				t.Errorf("at level %s: %d records %s, want %d, in\n%s", level, n, record, want, stderr)
			}
		}
	}
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"dev", "--pprof-addr", "0.0.0.0:6060"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Dev.Run(t.Context(), &output{}); err == nil || !strings.Contains(err.Error(), `--pprof-addr "0.0.0.0:6060": must be a loopback address`) {
		t.Errorf("got error %v, want the rule", err)
	}
	if _, err := parser.Parse([]string{"dev", "--log-level", "loud"}); err == nil || !strings.Contains(err.Error(), `"debug","info","warn","error"`) {
		t.Errorf("got error %v, want the levels", err)
	}
}

// --port moves the addresses that have their defaults, and no others.
func TestPortMovesAddresses(t *testing.T) {
	a := addresses{
		Port: 27700, PlannerAddr: "127.0.0.1:7700", PolicyAddr: "127.0.0.1:7701", VerifierAddr: "10.0.0.1:7702",
		DifficultyAddr: "127.0.0.1:9000",
	}
	pages := "127.0.0.1:7790"
	if err := a.move(&pages); err != nil {
		t.Fatal(err)
	}
	want := addresses{
		Port: 27700, PlannerAddr: "127.0.0.1:27700", PolicyAddr: "127.0.0.1:27701", VerifierAddr: "10.0.0.1:7702",
		DifficultyAddr: "127.0.0.1:9000",
	}
	if a != want || pages != "127.0.0.1:27790" {
		t.Errorf("got %+v and pages at %s, want %+v", a, pages, want)
	}
	for _, port := range []int{-1, 0, 65446} {
		a := addresses{Port: port}
		if err := a.move(); err == nil || !errors.As(err, new(usageError)) {
			t.Errorf("port %d: got error %v, want wrong usage", port, err)
		}
	}
}

// The greeting has the addresses, the models and a command to try, a line each; without a model server it says what the
// shipped models know.
func TestDevGreets(t *testing.T) {
	c := devCmd{addresses: addresses{PlannerAddr: "127.0.0.1:27700", PolicyAddr: "p", VerifierAddr: "v", DifficultyAddr: "d"}, MetricsAddr: "m"}
	models, err := c.open()
	if err != nil {
		t.Fatal(err)
	}
	defer models.close()
	stdout, _ := capture(t, func() { err = c.greet(&output{}, models) })
	const want = `planner     127.0.0.1:27700
policy      p  pocket-0.3m
verifier    v  pocket-prm
difficulty  d
metrics     http://m/metrics

Try, in another terminal:
  ponder solve --planner-addr 127.0.0.1:27700 --effort high "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?"
(Pocket models know word problems such as this one only; with your own model: --policy-url)
`
	if diff := cmp.Diff(stdout, want); err != nil || diff != "" {
		t.Errorf("error %v (-got +want):\n%s", err, diff)
	}
}
