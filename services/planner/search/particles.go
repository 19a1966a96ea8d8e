package search

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// Particles is particle filtering, and particle Gibbs with more than one of
// Iterations (Puri et al. 2025, arXiv 2502.01618, §3): every particle takes one step,
// is weighted by the PRM ("w_t = σ⁻¹(r̂(x, y_1:t))", a logit that replaces the one
// before, not one that adds up), and then all are resampled, "j ~ Softmax(w)", with
// replacement. Particles that have ended take part in the draw and do not step.
//
// An iteration of Gibbs has N / Iterations particles. Its reference is the trajectory of one
// particle of the previous iteration, drawn by softmax; the reference is kept at every step,
// "conditioned on the reference".
//
// A particle that a token limit cut has no answer and therefore weight 0, unless all particles
// were cut.
type Particles struct {
	N, Iterations int
	Temperature   float64 // of the softmax: 1 in the paper
	Sample        bool    // draw the answer by weight; otherwise the Choice picks it
	MaxLevels     int
}

// NewParticles returns a particle filter of n with the paper's temperature, 1.
func NewParticles(n int) Particles {
	return Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: defaultLevels}
}

func (Particles) Name() string        { return "particles" }
func (Particles) NeedsVerifier() bool { return true }
func (Particles) Needs() Needs        { return Needs{Steps: true} }
func (p Particles) Samples() int      { return p.N }

// Validate implements Strategy.
func (p Particles) Validate() error {
	err := cmp.Or(
		between("strategy.particles.n", p.N, 1, MaxN),
		between("strategy.particles.iterations", p.Iterations, 1, p.N),
	)
	if err != nil {
		return err
	}
	if err := divides("strategy.particles.iterations", p.Iterations, p.N); err != nil {
		return err
	}
	return cmp.Or(
		between("strategy.particles.temperature", p.Temperature, 0.001, 1000),
		between("strategy.particles.max_levels", p.MaxLevels, 1, MaxLevels),
	)
}

// Search implements Strategy.
func (p Particles) Search(ctx context.Context, t *Tree) error {
	random := t.Rand()
	var reference *Node
	for range p.Iterations {
		ended, err := p.filter(ctx, t, random, reference)
		if err != nil {
			return err
		}
		if reference = p.draw(random, ended, 1)[0]; p.Sample && reference.Done() {
			t.Finalists = []*Node{reference}
		}
	}
	return nil
}

// filter takes particles from the root to their ends. The last of them follows the
// reference, if there is one.
func (p Particles) filter(ctx context.Context, t *Tree, random *rand.Rand, reference *Node) ([]*Node, error) {
	free := slices.Repeat([]*Node{t.Root}, p.N/p.Iterations)
	var trajectory []*Node // of the reference, from the root
	if reference != nil {
		free = free[1:]
		trajectory = slices.Collect(reference.Up())
		slices.Reverse(trajectory)
	}
	for depth := 1; ; depth++ {
		kept := trajectory[min(depth, len(trajectory)):min(depth+1, len(trajectory))] // the reference's next step
		if depth >= len(trajectory) && len(trajectory) > 0 {
			kept = []*Node{reference}
		}
		forks := forkCounted(open(free), levelFork(depth, p.MaxLevels))
		if len(forks) == 0 && depth >= len(trajectory) {
			return append(free, kept...), nil
		}
		grown, err := t.Grow(ctx, forks...)
		all := slices.Concat(grown, without(free, open(free)), kept)
		if err != nil || len(all) == 0 {
			return all, err
		}
		free = p.draw(random, all, len(free))
		t.Prune(without(without(open(all), free), kept)...)
	}
}

// draw returns n of the particles, drawn by weight with replacement.
func (p Particles) draw(random *rand.Rand, particles []*Node, n int) []*Node {
	if whole := notTruncated(particles); len(whole) > 0 {
		particles = whole
	}
	logits := make([]float64, len(particles))
	for i, n := range particles {
		const clip = 1e-7
		v := min(max(n.Value, clip), 1-clip)
		logits[i] = math.Log(v/(1-v)) / p.Temperature
	}
	most, sum := slices.Max(logits), 0.0
	sums := make([]float64, len(particles)) // cumulative weights, of which the largest is 1
	for i, logit := range logits {
		sum += math.Exp(logit - most)
		sums[i] = sum
	}
	drawn := make([]*Node, n)
	for i := range drawn {
		at, _ := slices.BinarySearch(sums, random.Float64()*sum)
		drawn[i] = particles[min(at, len(particles)-1)]
	}
	return drawn
}
