package rpcerr

// A remoteError is an error that was received: it has the message of its sender and wraps the
// error that code and reason name.
type remoteError struct {
	message string
	domain  error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.domain }
