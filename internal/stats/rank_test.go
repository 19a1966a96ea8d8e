package stats

import (
	"math"
	"testing"
)

func TestSpearman(t *testing.T) {
	for name, c := range map[string]struct {
		xs, ys []float64
		want   float64
	}{
		"the same order":  {[]float64{1, 2, 3, 10}, []float64{0, 0.1, 0.2, 0.3}, 1},
		"the other order": {[]float64{1, 2, 3}, []float64{9, 8, 7}, -1},
		"ties":            {[]float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 0.9486832980505138},
		"one exchanged":   {[]float64{1, 2, 3, 4, 5}, []float64{1, 2, 3, 5, 4}, 0.9}, // 1 − 6·2/(5·24)
	} {
		if got := Spearman(c.xs, c.ys); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if got := Spearman([]float64{1, 1}, []float64{1, 2}); !math.IsNaN(got) {
		t.Errorf("without any order: got %v, want NaN", got)
	}
}
