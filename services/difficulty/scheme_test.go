package difficulty_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/services/difficulty"
)

func TestSchemes(t *testing.T) {
	for rate, want := range map[float64]string{
		1: "easy", 0.5: "easy", 0.49: "medium", 0.1: "medium", 0.09: "hard", 0: "hard",
	} {
		if got := difficulty.Absolute.Label(difficulty.Absolute.Bin(rate)); got != want {
			t.Errorf("pass rate %v is %v, want %v", rate, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 10).Draw(t, "n")
		rates := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 200).Draw(t, "rates")
		s := difficulty.Quantiles(n, rates)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if s.Bins() > n {
			t.Fatalf("%d bins, want at most %d", s.Bins(), n)
		}
		a, b := rapid.Float64Range(0, 1).Draw(t, "a"), rapid.Float64Range(0, 1).Draw(t, "b")
		if a >= b && s.Bin(a) > s.Bin(b) {
			t.Fatalf("%v is in bin %d, the lower rate %v in the easier bin %d", a, s.Bin(a), b, s.Bin(b))
		}
	})
	var rates []float64
	for i := range 100 {
		rates = append(rates, float64(i)/100)
	}
	s, count := difficulty.Quantiles(5, rates), [5]int{}
	for _, r := range rates {
		count[s.Bin(r)]++
	}
	if count != [5]int{20, 20, 20, 20, 20} {
		t.Errorf("bins have %v of 100 distinct rates, want 20 each", count)
	}
}
