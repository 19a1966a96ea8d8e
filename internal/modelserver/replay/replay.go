// Package replay serves recorded exchanges with model servers to tests.
//
// A recording is a file with a request line, the request's JSON, a blank line, the
// response's status and its body. A line of === separates exchanges.
package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Server starts a server that replays a recording in order and returns its URL. It fails
// the test at a request that differs from the recording. It stops with the test.
func Server(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recordings := strings.Split(string(data), "\n===\n")
	next := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next == len(recordings) {
			t.Errorf("%s: got one request more than the %d recorded", file, next)
			return
		}
		respond(t, w, r, recordings[next])
		next++
	}))
	t.Cleanup(func() {
		s.Close()
		if next < len(recordings) {
			t.Errorf("%s: got %d of the %d requests recorded", file, next, len(recordings))
		}
	})
	return s.URL
}

func respond(t *testing.T, w http.ResponseWriter, r *http.Request, recording string) {
	request, response, _ := strings.Cut(recording, "\n\n")
	line, body, _ := strings.Cut(request, "\n")
	status, content, _ := strings.Cut(response, "\n")
	var got, want map[string]any
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(got, want); diff != "" || r.Method+" "+r.URL.Path != line {
		t.Errorf("got %s %s, want %s (-got +recorded):\n%s", r.Method, r.URL.Path, line, diff)
	}
	var code int
	if _, err := fmt.Sscan(status, &code); err != nil {
		t.Errorf("status %q: %v", status, err)
		code = http.StatusInternalServerError
	}
	w.WriteHeader(code)
	io.WriteString(w, content)
}
