package natsx

import (
	"maps"
	"slices"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
)

// A Header carries trace context in a message. It does not canonicalise keys: headers of
// NATS are case-sensitive, and the server's tracing and clients in other languages read the
// W3C's "traceparent".
type Header nats.Header

var _ propagation.TextMapCarrier = Header{}

// Get returns the first value of key.
func (h Header) Get(key string) string { return nats.Header(h).Get(key) }

// Set replaces the values of key with value.
func (h Header) Set(key, value string) { nats.Header(h).Set(key, value) }

// Keys returns all keys, sorted.
func (h Header) Keys() []string { return slices.Sorted(maps.Keys(h)) }
