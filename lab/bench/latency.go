package bench

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/tracefile"
)

// Latencies returns the durations of search levels by row and depth, from a file of spans; index 0 is
// depth 1. A level lasts from its first call to its last result.
func Latencies(spans io.Reader, rows []Row) ([][][]time.Duration, error) {
	rowOf := map[string]int{}
	for i, row := range rows {
		for _, r := range row.Results {
			rowOf[r.Search] = i
		}
	}
	// A search's span is written after the spans of its depths, so depths are assigned to rows at the end.
	rowOfSpan := map[string]int{}
	var depths []*tracefile.Span
	_, err := tracefile.Read(spans, func(s *tracefile.Span) {
		switch s.Operation() {
		case names.SpanSearch:
			id, _ := s.Attributes[names.SearchID].(string)
			if row, ok := rowOf[id]; ok {
				rowOfSpan[s.Trace+s.ID] = row
			}
		case names.SpanDepth:
			depths = append(depths, s)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read spans: %w", err)
	}
	all := make([][][]time.Duration, len(rows))
	for _, s := range depths {
		row, ok := rowOfSpan[s.Trace+s.Parent]
		number, _ := s.Attributes[names.Depth].(float64)
		depth := int(number)
		if !ok || depth < 1 || depth > 4096 {
			continue
		}
		for len(all[row]) < depth {
			all[row] = append(all[row], nil)
		}
		all[row][depth-1] = append(all[row][depth-1], s.Duration())
	}
	return all, nil
}

// P95 returns the 95th percentile by the nearest-rank method, 0 if there are no durations.
func P95(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)*95+99)/100-1]
}
