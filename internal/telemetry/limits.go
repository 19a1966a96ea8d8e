package telemetry

import (
	"os"
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// eventLimit is the largest number of events of a span: that of an expansion has one for each child, and a search
// requests at most 4096 children at a time (search.MaxN). The SDK's default, 128, would drop the first ones.
const eventLimit = 4096

// spanLimits returns the limits that the standard variables set, such as OTEL_SPAN_EVENT_COUNT_LIMIT. Without them
// events are limited to eventLimit, and attributes to the SDK's defaults: 128 of a span or event, of any length.
func spanLimits() sdktrace.SpanLimits {
	limits := sdktrace.NewSpanLimits()
	if _, err := strconv.Atoi(os.Getenv("OTEL_SPAN_EVENT_COUNT_LIMIT")); err != nil {
		limits.EventCountLimit = eventLimit
	}
	return limits
}
