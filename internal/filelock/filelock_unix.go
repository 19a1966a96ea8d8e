//go:build unix

package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Lock locks a file until it is closed, or reports false if another open file has it
// locked, in this process or another.
func Lock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
