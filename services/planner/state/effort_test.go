package state

import "testing"

func TestParseEffort(t *testing.T) {
	for e := EffortNone; e <= EffortMax; e++ {
		if got, err := ParseEffort(e.String()); got != e || err != nil {
			t.Errorf("%v: got %v and error %v", e, got, err)
		}
		if less := (e - 1).Samples(); e.Samples() <= less {
			t.Errorf("effort %v has %d samples, want more than %d", e, e.Samples(), less)
		}
	}
	for _, e := range []Effort{-1, 0, EffortMax + 1} {
		if got := e.Samples(); got != 0 {
			t.Errorf("effort %d has %d samples, want 0", int(e), got)
		}
	}
	for _, name := range []string{"", "unknown", "High"} {
		if got, err := ParseEffort(name); err == nil {
			t.Errorf("%q: got %v, want an error", name, got)
		}
	}
}
