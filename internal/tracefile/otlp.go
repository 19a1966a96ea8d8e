package tracefile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// isOTLP reports whether a text begins like a request of OTLP in JSON, as the file exporter of the OpenTelemetry
// collector writes one a line.
func isOTLP(head []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"resourceSpans"`))
}

// request reads a request of OTLP (ExportTraceServiceRequest), which may be on several lines.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
func (s *scanner) request(tally *Tally, each func(*Span)) error {
	skip := func() error { _, err := s.value(); return err }
	return s.object(func(key string) error {
		if key != "resourceSpans" {
			return skip()
		}
		return s.array(func() error {
			var process Span // with what the process tells of itself
			return s.object(func(key string) error {
				switch key {
				case "resource":
					text, err := s.value()
					process = processOf(text)
					return err
				case "scopeSpans":
					return s.array(func() error {
						return s.object(func(key string) error {
							if key != "spans" {
								return skip()
							}
							return s.array(func() error {
								text, err := s.value()
								if err != nil {
									return err
								}
								if span, ok := parseOTLP(text, process); ok {
									tally.Spans++
									each(span)
								} else {
									tally.Foreign++
								}
								return nil
							})
						})
					})
				}
				return skip()
			})
		})
	})
}

// processOf returns a span with the service and the instance of a resource.
func processOf(resource []byte) (s Span) {
	var r struct {
		Attributes []otlpAttribute `json:"attributes"`
	}
	if json.Unmarshal(resource, &r) == nil {
		all := attributeMap(r.Attributes)
		s.Service, _ = all[names.ServiceName].(string)
		s.Instance, _ = all[names.ServiceInstance].(string)
	}
	return s
}

// parseOTLP returns the span in a text, of a process; false if there is none.
func parseOTLP(text []byte, process Span) (*Span, bool) {
	var o struct {
		TraceID      otlpID          `json:"traceId"`
		SpanID       otlpID          `json:"spanId"`
		ParentSpanID otlpID          `json:"parentSpanId"`
		Name         string          `json:"name"`
		Kind         otlpEnum        `json:"kind"`
		Start        otlpTime        `json:"startTimeUnixNano"`
		End          otlpTime        `json:"endTimeUnixNano"`
		Attributes   []otlpAttribute `json:"attributes"`
		Events       []struct {
			Time       otlpTime        `json:"timeUnixNano"`
			Name       string          `json:"name"`
			Attributes []otlpAttribute `json:"attributes"`
		} `json:"events"`
		Links []struct {
			TraceID otlpID `json:"traceId"`
			SpanID  otlpID `json:"spanId"`
		} `json:"links"`
		Status struct {
			Code    otlpEnum `json:"code"`
			Message string   `json:"message"`
		} `json:"status"`
	}
	if text == nil || json.Unmarshal(text, &o) != nil || len(o.TraceID) != 32 || len(o.SpanID) != 16 {
		return nil, false
	}
	s := process
	s.Trace, s.ID, s.Parent, s.Name = string(o.TraceID), string(o.SpanID), string(o.ParentSpanID), o.Name
	s.Start, s.End, s.Attributes = int64(o.Start), int64(o.End), attributeMap(o.Attributes)
	s.Kind = o.Kind.of("", "internal", "server", "client", "producer", "consumer")
	s.Status, s.Message = o.Status.Code.of("", "ok", "error"), o.Status.Message
	if strings.Trim(s.Parent, "0") == "" {
		s.Parent = ""
	}
	for _, e := range o.Events {
		s.Events = append(s.Events, Event{Name: e.Name, Time: int64(e.Time), Attributes: attributeMap(e.Attributes)})
	}
	for _, l := range o.Links {
		s.Links = append(s.Links, Link{Trace: string(l.TraceID), Span: string(l.SpanID)})
	}
	return &s, s.valid()
}

// An otlpID is an id in hexadecimal digits. OTLP says that ids are; the usual mapping of protobuf to JSON has base64.
type otlpID string

func (id *otlpID) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if raw, err := base64.StdEncoding.DecodeString(s); err == nil && (len(s) == 24 || len(s) == 12) {
		s = hex.EncodeToString(raw)
	}
	if _, err := hex.DecodeString(s); err != nil {
		return err
	}
	*id = otlpID(strings.ToLower(s))
	return nil
}

// An otlpTime is a number of nanoseconds since 1970, as a string or a number.
type otlpTime int64

func (n *otlpTime) UnmarshalJSON(text []byte) error {
	digits := strings.Trim(string(text), `"`)
	i, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(digits, 64) // as tools write large numbers
		if ferr != nil || !(f >= 0 && f < math.MaxInt64) {
			return err
		}
		i = int64(f)
	}
	*n = otlpTime(i)
	return nil
}

// An otlpEnum is a value of an enumeration, as its number or its name.
type otlpEnum string

func (e *otlpEnum) UnmarshalJSON(text []byte) error {
	*e = otlpEnum(strings.Trim(string(text), `"`))
	return nil
}

// of returns the one of the values, which are numbered from 0, that e is; "" if it is none.
func (e otlpEnum) of(values ...string) string {
	for i, v := range values {
		if string(e) == strconv.Itoa(i) || v != "" && strings.HasSuffix(string(e), "_"+strings.ToUpper(v)) {
			return v
		}
	}
	return ""
}

type otlpAttribute struct {
	Key   string    `json:"key"`
	Value otlpValue `json:"value"`
}

func attributeMap(list []otlpAttribute) map[string]any {
	all := make(map[string]any, len(list))
	for _, a := range list {
		all[a.Key] = a.Value.of()
	}
	return all
}

// An otlpValue has one of its fields.
type otlpValue struct {
	String *string     `json:"stringValue"`
	Bool   *bool       `json:"boolValue"`
	Int    *otlpNumber `json:"intValue"`
	Double *otlpNumber `json:"doubleValue"`
	Bytes  *string     `json:"bytesValue"`
	Array  *struct {
		Values []otlpValue `json:"values"`
	} `json:"arrayValue"`
	List *struct {
		Values []otlpAttribute `json:"values"`
	} `json:"kvlistValue"`
}

// of returns the value as the lines of Ponder's own files have it.
func (v otlpValue) of() any {
	switch {
	case v.String != nil:
		return *v.String
	case v.Bool != nil:
		return *v.Bool
	case v.Int != nil:
		return v.Int.of()
	case v.Double != nil:
		return v.Double.of()
	case v.Bytes != nil:
		return *v.Bytes
	case v.Array != nil:
		all := make([]any, len(v.Array.Values))
		for i, one := range v.Array.Values {
			all[i] = one.of()
		}
		return all
	case v.List != nil:
		return attributeMap(v.List.Values)
	}
	return nil
}

// An otlpNumber is a number, as a number or a string.
type otlpNumber string

func (n *otlpNumber) UnmarshalJSON(text []byte) error {
	*n = otlpNumber(strings.Trim(string(text), `"`))
	return nil
}

// of returns the number, or its text if JSON has no such number.
func (n otlpNumber) of() any {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return string(n)
	}
	return f
}
