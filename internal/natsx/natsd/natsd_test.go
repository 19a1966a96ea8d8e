package natsd_test

import (
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
)

// Two servers never use a directory at the same time, as two ponder dev with one --state would.
func TestADirectoryHasOneServer(t *testing.T) {
	dir := t.TempDir() + "/state"
	first, err := natsd.Start(natsd.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	second, err := natsd.Start(natsd.Config{Dir: dir})
	if err == nil {
		second.Close()
	}
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "use another directory") {
		t.Errorf("a second server in the directory: got error %v, want one that says to use another directory", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	next, err := natsd.Start(natsd.Config{Dir: dir})
	if err != nil {
		t.Fatalf("a server after the first has stopped: %v", err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}
