// Package mux carries many requests at once over one bidirectional gRPC stream.
//
// Each request has an id, chosen by the client; answers bear it and come in any
// order, and the last of a request's answers ends it. A request that its caller has
// left is cancelled by a message. A stream that breaks ends its requests with
// reasoning.ErrUnavailable, and the next request opens another.
package mux

// Tagged messages bear the id of their request.
type Tagged interface{ GetRequestId() string }

// MaxInFlight requests may be on a stream. A Client makes the next one wait; a
// Server refuses it with reasoning.ErrOverloaded.
const MaxInFlight = 1024

// maxID is the most bytes of an id.
const maxID = 128
