package models

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/ponder-mesh/ponder/pocket"
)

// TestAgreesWithPyTorch compares with the output of train/reference.py: the greedy text
// must be equal, and its log-probability equal up to float32 rounding.
func TestAgreesWithPyTorch(t *testing.T) {
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Model, Prompt, Greedy string
		LogProb               float64 `json:"log_prob"`
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 8 {
		t.Fatalf("got %d cases, want at least 8", len(cases))
	}
	for _, c := range cases {
		m, err := Open(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		e := pocket.NewEngine(m, pocket.Options{Workers: 1})
		r := pocket.Request{Prompt: c.Prompt, Seeds: []uint64{0}, MaxTokens: 120}
		for child, err := range e.Generate(t.Context(), r) {
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, s := range child.Steps {
				sum += s.LogProb
			}
			if child.Text() != c.Greedy || math.Abs(sum-c.LogProb) > 2e-3 {
				t.Errorf("%s after %q:\n got %q, %.5f\nwant %q, %.5f", c.Model, c.Prompt, child.Text(), sum, c.Greedy, c.LogProb)
			}
		}
		e.Close()
	}
}
