package state

import "testing"

func TestParseEffort(t *testing.T) {
	for e := EffortNone; e <= EffortMax; e++ {
		if got, err := ParseEffort(e.String()); got != e || err != nil {
			t.Errorf("%v is read as %v, %v", e, got, err)
		}
		if _, ok := SamplesOf[e]; !ok {
			t.Errorf("effort %v has no number of samples", e)
		}
	}
	for _, name := range []string{"", "unknown", "High"} {
		if got, err := ParseEffort(name); err == nil {
			t.Errorf("%q is read as %v", name, got)
		}
	}
}
