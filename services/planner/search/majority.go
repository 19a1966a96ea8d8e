package search

import (
	"cmp"
	"context"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"github.com/ponder-mesh/ponder/services/policy"
)

// Majority is self-consistency (Wang et al. 2022, arXiv 2203.11171, §2): "we first
// […] sample from the language model's decoder to generate a diverse set of
// reasoning paths; […] and then aggregate by choosing the most consistent answer".
// It needs no verifier.
//
// It stops as soon as the remaining samples cannot change the winner, and cancels those
// that are being written. Which samples count does not depend on the order in which
// they are written: the first so many do. With Confidence it stops when the leading
// answer is the policy's most frequent one with that probability, given the counts of
// the first two answers (Aggarwal et al. 2023, arXiv 2305.11860, §3: adaptive consistency
// by the Beta distribution).
type Majority struct {
	N int
	// Wave is how many samples are asked for at a time and counted together; 0 asks for
	// all at once and counts each as it is written.
	Wave       int
	Confidence float64 // 0.95 in the paper; 0 stops only when the winner is certain
	Exhaustive bool    // never stop early; see Exhaustive and FixedCost
}

func (Majority) Name() string        { return "majority" }
func (Majority) NeedsVerifier() bool { return false }
func (m Majority) Samples() int      { return m.N }

// StopsInFlight implements EarlyStopper: by waves, a majority stops between them.
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
		between("strategy.majority.wave", m.Wave, 0, MaxN),
		between("strategy.majority.confidence", m.Confidence, 0, 0.9999),
	)
}

// Search implements Strategy.
func (m Majority) Search(ctx context.Context, t *Tree) error {
	wave := m.Wave
	if wave == 0 {
		wave = m.N
	}
	var p poll
	for asked := 0; asked < m.N && !m.settled(p, m.N-asked); {
		n := min(wave, m.N-asked)
		asked += n
		g := t.Ask(ctx, Fork{From: t.Root, N: n, Span: policy.Whole})
		for sample := range g.Each() {
			if p.count(t, sample); m.Wave == 0 && m.settled(p, m.N-sample.Ordinal-1) {
				break
			}
		}
		if err := g.err(len(t.Root.Children)); err != nil {
			return err
		}
	}
	return nil
}

// settled reports whether the remaining samples are not worth asking for.
func (m Majority) settled(p poll, remaining int) bool {
	if m.Exhaustive || len(p.answers) == 0 {
		return false
	}
	first := p.most(-1)
	second := p.most(first)
	if m.Confidence > 0 && mathext.RegIncBeta(float64(p.votes(second)+1), float64(p.votes(first)+1), 0.5) >= m.Confidence {
		return true
	}
	for i := range p.answers { // at equal counts the answer that was counted first wins
		if most := p.counts[i] + remaining; i != first && (most > p.counts[first] || most == p.counts[first] && i < first) {
			return false
		}
	}
	return remaining <= p.counts[first] // an answer that has no votes yet
}

// A poll counts answers.
type poll struct {
	answers []string // keys, in the order of their first votes
	counts  []int    // votes of each
}

// count adds the vote of a sample, if it has an answer.
func (p *poll) count(t *Tree, n *Node) {
	if n.Answer == "" {
		return
	}
	key := t.Problem.key(n.Answer)
	i := slices.Index(p.answers, key)
	if i < 0 {
		i = len(p.answers)
		p.answers, p.counts = append(p.answers, key), append(p.counts, 0)
	}
	p.counts[i]++
}

// most returns the index of the answer with most votes other than except, the first of
// several; -1 if there is none.
func (p *poll) most(except int) int {
	best := -1
	for i := range p.counts {
		if i != except && (best < 0 || p.counts[i] > p.counts[best]) {
			best = i
		}
	}
	return best
}

// votes returns the votes of answer i, 0 for answer -1.
func (p *poll) votes(i int) int {
	if i < 0 {
		return 0
	}
	return p.counts[i]
}
