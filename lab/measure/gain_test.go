package measure

import (
	"math"
	"testing"
)

func TestEfficiencyGain(t *testing.T) {
	voting := []Point{{4, 0.5}, {64, 0.6}, {16, 0.6}} // highest first at 16
	for _, tt := range []struct {
		name   string
		method []Point
		want   string
	}{
		{"between two points", []Point{{1, 0.4}, {4, 0.7}}, "5.3"}, // reaches 0.6 at 3
		{"in any order", []Point{{4, 0.7}, {1, 0.4}}, "5.3"},
		{"on a point", []Point{{2, 0.6}, {4, 0.7}}, "8.0"},
		{"first crossing counts", []Point{{1, 0.4}, {4, 0.7}, {8, 0.5}, {32, 0.9}}, "5.3"},
		{"smallest budget is better", []Point{{2, 0.65}, {4, 0.7}}, ">8.0"},
		{"worse than voting", []Point{{16, 0.5}, {64, 0.7}}, "0.4"}, // reaches 0.6 at 40
		{"never as good", []Point{{16, 0.5}, {160, 0.55}}, "<0.1"},
	} {
		if got, err := EfficiencyGain(voting, tt.method); err != nil || got.String() != tt.want {
			t.Errorf("%s: got %v, %v, want %s", tt.name, got, err, tt.want)
		}
	}
	for _, bad := range [][]Point{nil, {{0, 0.5}}, {{-1, 0.5}}, {{math.NaN(), 0.5}}, {{math.Inf(1), 0.5}},
		{{1, math.NaN()}}} {
		if got, err := EfficiencyGain(voting, bad); err == nil {
			t.Errorf("%v: got %v, want an error", bad, got)
		}
		if got, err := EfficiencyGain(bad, voting); err == nil {
			t.Errorf("%v: got %v, want an error", bad, got)
		}
	}
}
