package tracefile

import (
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A scale maps time to columns.
type scale struct {
	total time.Duration
	cells int
}

func (s scale) at(d time.Duration) int {
	return int(float64(min(max(d, 0), s.total)) / float64(max(s.total, 1)) * float64(s.cells))
}

// bar draws a row: waiting ░, work █, and ─ for a row that only contains others.
func (s scale) bar(r Row) string {
	wait, start, end := s.at(r.Start-r.Wait), s.at(r.Start), s.at(r.Start+r.Duration)
	if end <= start {
		start = min(start, s.cells-1)
		end = start + 1
	}
	wait = min(wait, start)
	fill := "█"
	if r.Name == names.SpanSearch || strings.HasPrefix(r.Name, names.SpanDepth) {
		fill = "─"
	}
	return strings.Repeat(" ", wait) + strings.Repeat("░", start-wait) + strings.Repeat(fill, end-start)
}
