package search

import (
	"cmp"
	"context"

	"gonum.org/v1/gonum/mathext"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Majority is self-consistency (Wang et al. 2022, arXiv 2203.11171, §2): "we first
// […] sample from the language model's decoder to generate a diverse set of
// reasoning paths; […] and then aggregate by choosing the most consistent answer".
// It needs no verifier.
//
// It stops as soon as the remaining samples cannot change the winner, and cancels them.
// Samples are counted in order of their ordinals, whatever order they finish in. With
// Confidence it stops when the leading answer is the policy's most frequent one with that
// probability, given the counts of the first two answers (Aggarwal et al. 2023, arXiv
// 2305.11860, §3: adaptive consistency by the Beta distribution).
type Majority struct {
	N int
	// Wave is the number of samples that are requested and counted together; 0 requests all at
	// once and counts each as it is generated.
	Wave       int
	Confidence float64 // 0.95 in the paper; 0 stops only when the winner is certain
	Exhaustive bool    // never stop early; set by func Exhaustive
}

func (Majority) Name() string        { return "majority" }
func (Majority) NeedsVerifier() bool { return false }
func (m Majority) Samples() int      { return m.N }

// StopsInFlight implements EarlyStopper: with Wave set, Majority stops only between waves.
func (m Majority) StopsInFlight() bool { return m.Wave == 0 && !m.Exhaustive }

// WithoutStopping implements EarlyStopper.
func (m Majority) WithoutStopping() Strategy {
	m.Exhaustive = true
	return m
}

// Validate implements Strategy.
func (m Majority) Validate() error {
	return cmp.Or(
		between("strategy.majority.n", m.N, 1, MaxN),
		m.validateStopping(),
	)
}

// validateStopping validates the parameters whose value 0 means that they are unset.
func (m Majority) validateStopping() error {
	const maxConfidence = 0.9999
	switch {
	case m.Wave < 0 || m.Wave > MaxN:
		return reasoning.Invalid("strategy.majority.wave", "must be 1 to %d, or unset, is %d", MaxN, m.Wave)
	case !(m.Confidence >= 0 && m.Confidence <= maxConfidence): // also NaN
		return reasoning.Invalid("strategy.majority.confidence", "must be more than 0 and at most %v, or unset, is %v",
			maxConfidence, m.Confidence)
	}
	return nil
}

// Search implements Strategy.
func (m Majority) Search(ctx context.Context, t *Tree) error {
	wave := m.Wave
	if wave == 0 {
		wave = m.N
	}
	var votes tally
	for requested := 0; requested < m.N && !m.settled(votes, m.N-requested); {
		n := min(wave, m.N-requested)
		requested += n
		g := t.Start(ctx, Fork{From: t.Root, N: n, Span: policy.Whole})
		for sample := range g.Each() {
			if votes.count(t, sample); m.Wave == 0 && m.settled(votes, m.N-sample.Ordinal-1) {
				break
			}
		}
		if err := g.err(len(t.Root.Children)); err != nil {
			return err
		}
	}
	return nil
}

// settled reports whether no further sample is needed.
func (m Majority) settled(votes tally, remaining int) bool {
	if m.Exhaustive || len(votes.answers) == 0 {
		return false
	}
	first := votes.most(-1)
	second := votes.most(first)
	a, b := float64(votes.of(second)+1), float64(votes.of(first)+1)
	if m.Confidence > 0 && mathext.RegIncBeta(a, b, 0.5) >= m.Confidence {
		return true
	}
	for i := range votes.answers { // on a tie the answer that was counted first wins
		most, leading := votes.counts[i]+remaining, votes.counts[first]
		if i != first && (most > leading || most == leading && i < first) {
			return false
		}
	}
	// A new answer could get as many votes as samples remain; on a tie the earlier answer wins.
	return remaining <= votes.counts[first]
}
