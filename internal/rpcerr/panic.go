package rpcerr

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Recover calls f and returns its error. A panic of f becomes an error, and is logged
// with its stack. It is for handlers, and for goroutines that handlers start: a panic
// there is out of reach of an interceptor.
func Recover(method string, f func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			slog.Error("panic in a handler", "method", method, "panic", panicked, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic in %s: %v", method, panicked)
		}
	}()
	return f()
}
