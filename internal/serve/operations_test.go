package serve

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// The pages of a process are served until Close, also while it drains, and then it is not
// ready.
func TestOperations(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var polled atomic.Bool
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "# EOF\n") })
	o := StartOperations(listener, metrics, Check{Name: "planner", Do: func(context.Context) error {
		polled.Store(true)
		return nil
	}})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) string {
		t.Helper()
		response, err := client.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.Status + ": " + string(body)
	}
	for get("/readyz") != "200 OK: ready\n" { // until the first poll
	}
	if !polled.Load() {
		t.Error("ready without a check")
	}
	if got := get("/metrics"); got != "200 OK: # EOF\n" {
		t.Errorf("metrics: got %q", got)
	}
	o.Drain()
	if got := get("/readyz"); !strings.HasPrefix(got, "503 ") {
		t.Errorf("ready while draining: %q", got)
	}
	if got := get("/livez"); got != "200 OK: live\n" {
		t.Errorf("live while draining: %q", got)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if _, err := client.Get("http://" + listener.Addr().String() + "/livez"); err == nil {
		t.Error("the pages are served after Close")
	}
}

// A process learns that its pages are no longer served, and why.
func TestOperationsThatFail(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := StartOperations(listener, nil)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	<-o.Done()
	if err := o.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want why the pages are not served", err)
	}
}
