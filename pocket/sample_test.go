package pocket

import (
	"math"
	"testing"
)

func TestGreedyDrawsTheMostProbable(t *testing.T) {
	m := randomModel(t, tiny, 2)
	e := newEngine(t, m, Options{Workers: 1})
	got := collect(t, e, Request{Prompt: "A\n", Seeds: seeds(1, 3), MaxTokens: 12})
	nearly := collect(t, e, Request{Prompt: "A\n", Seeds: seeds(1, 1), MaxTokens: 12, Temperature: .001})
	for _, c := range got {
		if c.Text() != got[0].Text() || c.Text() != nearly[0].Text() {
			t.Errorf("greedy texts differ: %q, %q, %q", c.Text(), got[0].Text(), nearly[0].Text())
		}
	}
}

func TestNoiseFollowsTheDistribution(t *testing.T) {
	logits := make([]float32, VocabSize)
	for i := range logits {
		logits[i] = -20
	}
	logits[10], logits[20], logits[30] = 2, 1, 0
	count := map[int]int{}
	const n = 20000
	for i := range n {
		row := append([]float32(nil), logits...)
		count[sampler{seed: uint64(i % 100), temperature: 1, topP: 1}.draw(row, i/100)]++
	}
	sum := math.Exp(2) + math.Exp(1) + 1
	for id, logit := range map[int]float64{10: 2, 20: 1, 30: 0} {
		if got, want := float64(count[id])/n, math.Exp(logit)/sum; math.Abs(got-want) > .015 {
			t.Errorf("token %d: share %.3f, want %.3f", id, got, want)
		}
	}
	for i := range n {
		row := append([]float32(nil), logits...)
		if id := (sampler{seed: uint64(i), temperature: 1, topP: .6}).draw(row, 1); id != 10 {
			t.Fatalf("top p .6 drew token %d", id)
		}
	}
}
