package pocket

import (
	"math"
	"slices"
)

// sampler draws tokens. Its noise is a pure function of the seed and of the token's
// position in the whole sequence, prompt included: a solution that is cut after a step
// and continued with the same seed equals the uncut one.
type sampler struct {
	seed        uint64
	temperature float32 // 0: always the most probable token
	topP        float32 // in (0, 1]: draw from the smallest set of tokens with this probability
}

// draw draws the token at a position. It overwrites logits.
func (s sampler) draw(logits []float32, position int) int {
	best := tokenEOS
	for i, v := range logits {
		if !isOutput(i) {
			logits[i] = float32(math.Inf(-1))
		} else if v > logits[best] {
			best = i
		}
	}
	if s.temperature == 0 {
		return best
	}
	for i := range logits {
		logits[i] /= s.temperature
	}
	softmax(logits)
	if s.topP < 1 {
		nucleus(logits, s.topP)
	}
	sum := float32(0)
	for _, p := range logits {
		sum += p
	}
	rest := uniform(s.seed, position) * sum
	for i, p := range logits {
		if rest -= p; rest < 0 {
			return i
		}
	}
	return best // what is left is a rounding error
}

// nucleus keeps the fewest of the most probable tokens that have at least the probability topP
// together, and sets that of all others to 0 (Holtzman et al. 2020). Among equals it keeps the
// lower id.
func nucleus(p []float32, topP float32) {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] > p[b]:
			return -1
		case p[a] < p[b]:
			return 1
		}
		return 0
	})
	sum := float32(0)
	for _, i := range order {
		if sum >= topP {
			p[i] = 0
		}
		sum += p[i]
	}
}

// uniform returns a number in [0, 1) that depends on seed and position alone: the
// position-th output of SplitMix64 (Steele, Lea, Flood 2014) for the mixed seed.
func uniform(seed uint64, position int) float32 {
	const golden = 0x9e3779b97f4a7c15
	z := mix(mix(seed+golden) + uint64(position+1)*golden)
	return float32(z>>40) / (1 << 24)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
