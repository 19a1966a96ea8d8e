package rpcerr

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Recover calls f and returns its error. It turns a panic of f into an error and logs it
// with its stack. Handlers use it, and so do the goroutines that they start, since an
// interceptor can recover panics of the handler's own goroutine only.
func Recover(method string, f func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			slog.Error("panic in a handler", "method", method, "panic", panicked, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic in %s: %v", method, panicked)
		}
	}()
	return f()
}
