package telemetry_test

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
)

// Durations of 10 minutes and of 50 are in finite buckets of all histograms of durations, also of those that libraries
// make; a longer one than an hour is not.
func TestDurationsHaveFiniteBuckets(t *testing.T) {
	for _, c := range []struct {
		took  time.Duration
		first string // boundary of the bucket, "+Inf" if it is not finite
	}{{10 * time.Minute, "640.0"}, {50 * time.Minute, "3600.0"}, {61 * time.Minute, "+Inf"}} {
		p := telemetrytest.Setup(t, telemetry.Options{})
		library, err := p.Meters.Meter("a library").Float64Histogram("rpc.server.call.duration", metric.WithUnit("s"),
			metric.WithExplicitBucketBoundaries(1, 10))
		if err != nil {
			t.Fatal(err)
		}
		library.Record(context.Background(), c.took.Seconds())
		ctx := context.Background()
		p.RecordStep(ctx, telemetry.Task{}, c.took)
		p.RecordPhase(ctx, names.PhaseQueue, telemetry.Task{}, c.took)
		p.RecordRequest(ctx, telemetry.GenAIRequest{}, c.took)
		for _, h := range []telemetry.Seconds{p.Depth, p.Search} {
			h.Record(ctx, c.took)
		}
		p.Width.Record(context.Background(), 8)
		metrics, _ := telemetrytest.Finish(t, p)
		bucket := regexp.MustCompile(`(?m)^(\w+_seconds)_bucket\{.*\ble="([^"]+)".*\} (\d+)`)
		first := map[string]string{}
		for _, b := range bucket.FindAllStringSubmatch(metrics, -1) {
			if n, err := strconv.Atoi(b[3]); err != nil || n > 0 && first[b[1]] == "" {
				first[b[1]] = b[2]
			}
		}
		if len(first) != 6 {
			t.Errorf("%d histograms of durations, want 6: %v", len(first), first)
		}
		for name, le := range first {
			if le != c.first {
				t.Errorf("%s: %v is in the bucket up to %s, want %s", name, c.took, le, c.first)
			}
		}
		if !strings.Contains(metrics, `ponder_depth_width_bucket{le="4096.0"}`) {
			t.Error("a histogram of counts has the boundaries of durations")
		}
	}
}
