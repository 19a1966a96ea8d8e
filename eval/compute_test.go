package eval

import (
	"math"
	"testing"
)

func TestFLOPs(t *testing.T) {
	// algorithms: a 3.2e9 model over 9e12 tokens is about 1.7e23 to train.
	if got := TrainingFLOPs(3_000_000_000, 9_000_000_000_000); got != 1.62e23 {
		t.Errorf("training: got %g, want 1.62e23", got)
	}
	if got := InferenceFLOPs(800_000, 1000); got != 1.6e9 {
		t.Errorf("inference: got %g, want 1.6e9", got)
	}
	if got := InferenceFLOPs(math.MaxInt64, math.MaxInt64); got < 1e38 {
		t.Errorf("overflow: %g", got)
	}
}

func TestEfficiencyGain(t *testing.T) {
	voting := []Point{{4, 0.5}, {64, 0.6}, {16, 0.6}} // highest first at 16
	for _, tt := range []struct {
		name   string
		method []Point
		want   string
	}{
		{"between two points", []Point{{1, 0.4}, {4, 0.7}}, "5.3"}, // reaches 0.6 at 3
		{"in any order", []Point{{4, 0.7}, {1, 0.4}}, "5.3"},       //
		{"on a point", []Point{{2, 0.6}, {4, 0.7}}, "8.0"},         //
		{"first crossing counts", []Point{{1, 0.4}, {4, 0.7}, {8, 0.5}, {32, 0.9}}, "5.3"},
		{"smallest budget is better", []Point{{2, 0.65}, {4, 0.7}}, ">8.0"},
		{"worse than voting", []Point{{16, 0.5}, {64, 0.7}}, "0.4"}, // reaches 0.6 at 40
		{"never as good", []Point{{16, 0.5}, {160, 0.55}}, "<0.1"},
	} {
		if got, err := EfficiencyGain(voting, tt.method); err != nil || got.String() != tt.want {
			t.Errorf("%s: got %v, %v, want %s", tt.name, got, err, tt.want)
		}
	}
	for _, bad := range [][]Point{nil, {{0, 0.5}}, {{-1, 0.5}}, {{math.NaN(), 0.5}}, {{math.Inf(1), 0.5}}, {{1, math.NaN()}}} {
		if got, err := EfficiencyGain(voting, bad); err == nil {
			t.Errorf("%v: got %v, want an error", bad, got)
		}
		if got, err := EfficiencyGain(bad, voting); err == nil {
			t.Errorf("%v: got %v, want an error", bad, got)
		}
	}
}

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
