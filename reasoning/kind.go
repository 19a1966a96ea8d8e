package reasoning

// A Kind classifies errors by what the caller can do about them. Package
// internal/rpcerr maps each kind to one gRPC code.
type Kind int

const (
	KindInternal     Kind = iota // the service failed; also the kind of errors without one
	KindCancelled                // the caller cancelled the work
	KindDeadline                 // the caller's deadline expired
	KindInvalid                  // the request breaks a rule: a retry fails too
	KindPrecondition             // the service is not set up for the request: a retry at this service fails too
	KindNotFound                 // what the request names does not exist
	KindExists                   // what the request would create exists already
	KindExhausted                // a budget or a limit of the service is used up
	KindUnavailable              // the service cannot be reached or is stopping
)
