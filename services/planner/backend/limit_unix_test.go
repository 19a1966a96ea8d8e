//go:build unix

package backend

import (
	"os/signal"
	"syscall"
	"testing"
)

// limitFiles bounds the size of the files that this process writes, as a full disk does.
func limitFiles(t *testing.T, bytes uint64) {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes}); err != nil {
		t.Fatal(err)
	}
}
