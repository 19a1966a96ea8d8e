// Package tracefile reads spans from files, and shows where the time of a search went, depth by depth, and which spans
// it waited for.
//
// A file has one [Span] per line, or requests of OTLP in JSON, as the collector's file exporter writes them. Services
// and runs may share a file, since each appends whole lines; the spans of a search may be in several files. Readers
// skip and count lines that are not spans, so that they can read a file that is incomplete or still written.
package tracefile

import (
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A Span is one line of a trace file. Releases may add fields, and change none.
type Span struct {
	Trace      string         `json:"trace"`            // 32 hex digits
	ID         string         `json:"span"`             // 16 hex digits
	Parent     string         `json:"parent,omitempty"` // 16 hex digits; none for a trace's root
	Name       string         `json:"name"`
	Kind       string         `json:"kind"`               // internal, server, client, producer, consumer
	Service    string         `json:"service,omitempty"`  // of the process
	Instance   string         `json:"instance,omitempty"` // of the process, unique
	Start      int64          `json:"start"`              // nanoseconds since 1970, by the clock of the service's host
	End        int64          `json:"end"`
	Status     string         `json:"status,omitempty"` // ok, error; none if unset
	Message    string         `json:"message,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Events     []Event        `json:"events,omitempty"`
	Links      []Link         `json:"links,omitempty"`
}

// An Event is a point in time during a span.
type Event struct {
	Name       string         `json:"name"`
	Time       int64          `json:"time"` // nanoseconds since 1970
	Attributes map[string]any `json:"attributes,omitempty"`
}

// A Link names a related span that is not an ancestor.
type Link struct {
	Trace string `json:"trace"`
	Span  string `json:"span"`
}

// Duration returns how long the span lasted, at least 0.
func (s *Span) Duration() time.Duration { return time.Duration(max(s.End-s.Start, 0)) }

// Operation returns what the span is: one of the values of names.Operation, or "" for a span that is not Ponder's. In
// files of releases without that attribute, the span's name says it.
func (s *Span) Operation() string {
	if operation := s.text(names.Operation); operation != "" {
		return operation
	}
	name, _, _ := strings.Cut(s.Name, " ")
	switch name {
	case names.SpanDepth, s.Name:
		return name
	}
	return ""
}

func (s *Span) text(key string) string {
	text, _ := s.Attributes[key].(string)
	return text
}

// search returns the id of the search that the span belongs to, or "".
func (s *Span) search() string {
	id := strings.TrimSuffix(s.text(names.SearchID), probeSuffix)
	return id[:min(len(id), maxText)]
}

// process returns the service and the instance of the process, shortened.
func (s *Span) process() string {
	if s.Instance == "" {
		return cut(s.Service)
	}
	return cut(s.Service) + "/" + cut(s.Instance[:min(len(s.Instance), 8)])
}

// number returns a numeric attribute of the span; see number.
func (s *Span) number(key string) (n float64, ok bool) { return number(s.Attributes, key) }

// number returns a numeric attribute if it is between 0 and a billion, as all numbers
// of Ponder's spans are.
func number(attributes map[string]any, key string) (n float64, ok bool) {
	n, ok = attributes[key].(float64)
	if !ok || n < 0 || n > 1e9 {
		return 0, false
	}
	return n, true
}

// wait returns how long the job of a span was in a queue.
func (s *Span) wait() (d time.Duration, ok bool) {
	seconds, ok := s.number(names.QueueWait)
	return time.Duration(seconds * float64(time.Second)), ok
}
