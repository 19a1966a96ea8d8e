package difficulty_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/services/difficulty"
)

// promptModel returns a model for which shorter problems are easier.
func promptModel(t *testing.T) *difficulty.PromptModel {
	t.Helper()
	var texts []string
	var rates []float64
	for i := range 60 {
		texts = append(texts, strings.Repeat("Tom finds 3 more. ", 1+i%10))
		rates = append(rates, 1-float64(i%10)/10)
	}
	m, err := difficulty.FitPrompt(texts, rates)
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

// The prompt model learns rates that depend on the text, its error covers 90 % of new
// problems, and it does not overfit to noise.
func TestPromptModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	generate := func(n int, rate func(length int) float64) (texts []string, rates []float64) {
		for range n {
			length := 1 + rng.IntN(12)
			texts = append(texts, strings.Repeat(fmt.Sprintf("Tom finds %d more. ", rng.IntN(50)), length)+"How many?")
			rates = append(rates, min(1, max(0, rate(length))))
		}
		return texts, rates
	}
	byLength := func(length int) float64 { return 1 - float64(length)/13 + 0.05*rng.NormFloat64() }
	noise := func(int) float64 { return rng.Float64() }
	for name, c := range map[string]struct {
		rate     func(int) float64
		maxError float64 // of the mean
	}{"length": {byLength, 0.1}, "noise": {noise, 0.32}} {
		texts, rates := generate(200, c.rate)
		m, err := difficulty.FitPrompt(texts, rates)
		if err != nil {
			t.Fatal(err)
		}
		texts, rates = generate(200, c.rate)
		meanError, inside := 0.0, 0
		for i := range texts {
			rate, low, high := m.Predict(texts[i])
			meanError += math.Abs(rate-rates[i]) / 200
			if low <= rates[i] && rates[i] <= high {
				inside++
			}
		}
		if meanError > c.maxError || inside < 165 {
			t.Errorf("%s: mean error %.3f on new problems, %d of 200 in the interval; want at most %.2f and about 180",
				name, meanError, inside, c.maxError)
		}
	}
	if _, err := difficulty.FitPrompt([]string{"a"}, []float64{1}); err == nil {
		t.Error("FitPrompt accepts a single problem")
	}
}

func FuzzFeatures(f *testing.F) {
	f.Add("Tom has 3 apples. How many?")
	f.Add(`\frac{1}{2} x + 1e999 = 1/0 99999999999999999999999999`)
	f.Fuzz(func(t *testing.T, text string) {
		got := difficulty.Features(text)
		if len(got) != len(difficulty.FeatureNames) {
			t.Fatalf("%d features, want %d", len(got), len(difficulty.FeatureNames))
		}
		for i, v := range got {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Errorf("%s is %v", difficulty.FeatureNames[i], v)
			}
		}
	})
}
