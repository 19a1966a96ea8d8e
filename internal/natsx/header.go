package natsx

import (
	"maps"
	"slices"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
)

// A Header carries trace context in a message. It writes keys as they are: NATS
// headers are case-sensitive, and the W3C's "traceparent" is what the server's own
// tracing and clients in other languages look for.
type Header nats.Header

var _ propagation.TextMapCarrier = Header{}

// Get is the first value of key.
func (h Header) Get(key string) string { return nats.Header(h).Get(key) }

// Set replaces the values of key.
func (h Header) Set(key, value string) { nats.Header(h).Set(key, value) }

// Keys are all keys, sorted.
func (h Header) Keys() []string { return slices.Sorted(maps.Keys(h)) }
