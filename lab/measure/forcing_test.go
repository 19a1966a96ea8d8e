package measure

import (
	"math"
	"testing"
)

func TestBudgetForcingMeasures(t *testing.T) {
	runs := []Run{{400, 0.5}, {100, 0.2}, {200, 0.4}}
	if got, err := Control(runs, 0, 250); err != nil || got != 2.0/3 {
		t.Errorf("control: got %v, %v, want 2/3", got, err)
	}
	if got, err := Control(runs, 100, 400); err != nil || got != 1 {
		t.Errorf("control with both ends: got %v, %v, want 1", got, err)
	}
	// Slopes: 0.2/100, 0.1/200, 0.3/300.
	if got, err := Scaling(runs); err != nil || math.Abs(got-0.0035/3) > 1e-15 {
		t.Errorf("scaling: got %v, %v, want %v", got, err, 0.0035/3)
	}
	if got, err := Scaling([]Run{{100, 0.5}, {200, 0.4}}); err != nil || math.Abs(got+0.001) > 1e-15 {
		t.Errorf("scaling of runs that get worse: got %v, %v, want -0.001", got, err)
	}
	if got, err := Performance(runs); err != nil || got != 0.5 {
		t.Errorf("performance: got %v, %v, want 0.5", got, err)
	}
	_, control := Control(nil, 0, 1)
	_, one := Scaling(runs[:1])
	_, equal := Scaling([]Run{{100, 0.5}, {100, 0.4}})
	_, performance := Performance(nil)
	for i, err := range []error{control, one, equal, performance} {
		if err == nil {
			t.Errorf("bad runs %d: no error", i)
		}
	}
}
