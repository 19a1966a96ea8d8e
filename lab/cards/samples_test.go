package cards

import (
	"testing"

	"github.com/ponder-mesh/ponder/services/verifier"
)

func TestGroups(t *testing.T) {
	wrong := sample{answer: "8", scores: []float64{0.9, 0.6}}
	right := sample{answer: "7", right: true, scores: []float64{0.7, 0.65}}
	none := sample{scores: []float64{0.1}}
	s := samples{drawn: []sample{wrong, right, wrong, right, right, none, none, none, right}}
	for name, c := range map[string]struct {
		n    int
		is   func([]sample) bool
		want float64
	}{
		"one sample":                            {1, covered, 4.0 / 9},
		"any of 4":                              {4, covered, 1},
		"majority, the first of equals":         {2, majority, 1.0 / 4},
		"majority, without votes for no answer": {4, majority, 1.0 / 2},
		"best of 2 by minimum":                  {2, best(verifier.AggregatorMin), 3.0 / 4},
		"best of 2 by product":                  {2, best(verifier.AggregatorProd), 1.0 / 4},
		"the solution itself":                   {4, reasoned, 0},
	} {
		if got := s.groups(c.n, c.is); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// The expected calibration error is 0 if the scores are right, and 1 if all are wrong.
func TestScoresOfCalibration(t *testing.T) {
	for _, c := range []struct{ right, wrong, ece float64 }{{1, 0, 0}, {0, 1, 1}} {
		q := quality{}
		q.calibrate([]float64{c.right, c.right}, []float64{c.wrong, c.wrong})
		if q.ECE != c.ece {
			t.Errorf("right lines at %v: expected calibration error %v, want %v", c.right, q.ECE, c.ece)
		}
	}
}
