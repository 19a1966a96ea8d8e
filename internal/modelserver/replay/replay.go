// Package replay serves recorded exchanges with model servers to tests.
//
// A recording is a file of a request line, the request's JSON, a blank line, the
// answer's status and its body; more exchanges follow after a line of ===.
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

// Server answers what was recorded, in its order, and fails the test where it is
// asked anything else. It stops with the test. The result is its URL.
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
			t.Errorf("%s: asked a request more than the %d recorded", file, next)
			return
		}
		answer(t, w, r, recordings[next])
		next++
	}))
	t.Cleanup(func() {
		s.Close()
		if next < len(recordings) {
			t.Errorf("%s: asked %d of the %d requests recorded", file, next, len(recordings))
		}
	})
	return s.URL
}

func answer(t *testing.T, w http.ResponseWriter, r *http.Request, recording string) {
	asked, said, _ := strings.Cut(recording, "\n\n")
	line, body, _ := strings.Cut(asked, "\n")
	status, content, _ := strings.Cut(said, "\n")
	var got, want map[string]any
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(got, want); diff != "" || r.Method+" "+r.URL.Path != line {
		t.Errorf("asked %s %s, recorded is %s (-asked +recorded):\n%s", r.Method, r.URL.Path, line, diff)
	}
	var code int
	if _, err := fmt.Sscan(status, &code); err != nil {
		t.Errorf("status %q: %v", status, err)
		code = http.StatusInternalServerError
	}
	w.WriteHeader(code)
	io.WriteString(w, content)
}
