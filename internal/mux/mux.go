// Package mux multiplexes requests over one bidirectional gRPC stream.
//
//	client                              server
//	  │ request   id=1                    │
//	  │ request   id=2                    │
//	  │                   response id=2   │
//	  │                   response id=1   │
//	  │                   response id=2   │  the last response ends the request
//	  │ cancel    id=1                    │
//	  │                   response id=1   │  the last response of a cancelled request, for which the client waits
//
// The client chooses the id of each request. Responses carry the id of their request, and
// those of different requests arrive in any order. A caller that stops early cancels its
// request. If the stream breaks, its requests fail with reasoning.ErrUnavailable, or with
// the status of the stream if a retry cannot succeed (such as UNAUTHENTICATED), and the
// next request opens another stream.
package mux

// A Tagged message carries the id of its request.
type Tagged interface{ GetRequestId() string }

// MaxInFlight limits the requests in flight of a Client, over all its streams, and those
// on one stream of a Server. A Client blocks the next request; a Server refuses it with
// reasoning.ErrOverloaded.
const MaxInFlight = 1024

// maxID is the largest length of an id in bytes.
const maxID = 128
