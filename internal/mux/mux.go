// Package mux carries many requests at once over one bidirectional gRPC stream.
//
// Each request has an id, chosen by the client; its answers carry the id and arrive in
// any order relative to those of other requests, and the last answer ends the request.
// When the caller stops early, the client sends a message that cancels the request. A
// stream that breaks ends its requests with reasoning.ErrUnavailable, and the next
// request opens another.
package mux

// A Tagged message carries the id of its request.
type Tagged interface{ GetRequestId() string }

// MaxInFlight is the most requests in flight on a stream. A Client blocks the next one;
// a Server refuses it with reasoning.ErrOverloaded.
const MaxInFlight = 1024

// maxID is the most bytes of an id.
const maxID = 128
