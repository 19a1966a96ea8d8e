package difftest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/services/planner/search"
)

// poll counts the solutions of a tree by answer.
func poll(t *search.Tree) map[string]int {
	counts := map[string]int{}
	for n := range t.Nodes() {
		counts[n.Answer]++
	}
	return counts
}

// ahead returns the two largest counts, and all answers with the largest count.
func ahead(counts map[string]int) (first, second int, answers []string) {
	for answer, n := range counts {
		switch {
		case n > first:
			first, second, answers = n, first, []string{answer}
		case n == first:
			second, answers = n, append(answers, answer)
		case n > second:
			second = n
		}
	}
	return first, second, answers
}

// Majority stops early with the answer that its_hub's self-consistency finds from all samples. If
// several answers have the most votes, its_hub draws one of them.
func TestMajorityFindsTheSameAnswer(t *testing.T) {
	var b strings.Builder
	for _, s := range read(t, "stopping.txt") {
		if s.name != "votes" {
			continue
		}
		samples := 0
		for _, line := range s.lines {
			want := map[string]int{}
			for _, field := range line[1:] {
				answer, votes, _ := strings.Cut(field, "=")
				want[answer] = number(votes)
			}
			got := poll(s.grow(t, s.strategy(), number(line[0])))
			for _, votes := range got {
				samples += votes
			}
			_, _, winners := ahead(want)
			_, _, leaders := ahead(got)
			if !slices.ContainsFunc(leaders, func(a string) bool { return slices.Contains(winners, a) }) {
				t.Errorf("%s seed=%s: %v lead when it stops, %v have most votes of all samples", s.title, line[0], leaders, winners)
			}
		}
		fmt.Fprintf(&b, "%s: %d searches, %d of %d samples\n", s.title, len(s.lines), samples, len(s.lines)*s.int("n"))
		if samples == len(s.lines)*s.int("n") {
			t.Errorf("%s: never stops early", s.title)
		}
	}
	summary(t, "majority", b.String())
}

// compareSamples counts the searches of a setting in which a strategy takes as many samples as
// its_hub's BetaSelfConsistency, fewer, and more.
func (s *setting) compareSamples(t testing.TB, strategy search.Strategy) (same, fewer, more int) {
	t.Helper()
	for _, line := range s.lines {
		counts := poll(s.grow(t, strategy, number(line[0])))
		samples := 0
		for _, votes := range counts {
			samples += votes
		}
		switch want := number(line[1]); {
		case samples > want:
			more++
		case samples == want:
			same++
		default:
			fewer++
			if first, second, _ := ahead(counts); first < second+s.int("n")-samples {
				t.Errorf("%s seed=%s: stops after %d samples, its_hub after %d, and %d votes against %d may still be overtaken",
					s.title, line[0], samples, want, first, second)
			}
		}
	}
	return same, fewer, more
}

// Majority with Confidence never takes more samples than its_hub's BetaSelfConsistency. It takes
// fewer only if the remaining samples cannot change the winner.
func TestConfidenceStopsNoLater(t *testing.T) {
	var b strings.Builder
	for _, s := range read(t, "stopping.txt") {
		if s.name != "beta" {
			continue
		}
		same, fewer, more := s.compareSamples(t, s.strategy())
		if more > 0 {
			t.Errorf("%s: takes more samples than its_hub in %d searches", s.title, more)
		}
		fmt.Fprintf(&b, "%s: %d searches, %d stop at the same sample, %d earlier\n", s.title, len(s.lines), same, fewer)
	}
	summary(t, "confidence", b.String())
}

// Particle Gibbs has the cost and the best value of its_hub's: over the same seeds, the mean
// difference is within three standard errors. The trees differ (see doc.go).
func TestGibbs(t *testing.T) {
	for _, s := range read(t, "gibbs.txt") {
		steps, best := s.gibbs(t, s.strategy())
		t.Logf("%s: %v steps, best value %v more than its_hub", s.title, steps, best)
		if steps.significant() || best.significant() {
			t.Errorf("%s: %v steps, best value %v more than its_hub: beyond three standard errors", s.title, steps, best)
		}
	}
}

// gibbs returns for each seed the differences between a strategy and its_hub in the number of
// steps and in the best value.
func (s *setting) gibbs(t testing.TB, strategy search.Strategy) (steps, best paired) {
	t.Helper()
	for _, line := range s.lines {
		value, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		n, most := 0, 0.0
		for node := range s.grow(t, strategy, number(line[0])).Nodes() {
			n++
			if node.Done() {
				most = max(most, node.Value)
			}
		}
		steps = append(steps, float64(n-number(line[1])))
		best = append(best, most-value)
	}
	return steps, best
}

// A paired has the difference between two results for each seed.
type paired []float64

func (p paired) String() string {
	mean, err := p.mean()
	return fmt.Sprintf("%.4f ± %.4f", mean, err)
}

// significant reports whether the mean is more than three standard errors from 0.
func (p paired) significant() bool {
	mean, err := p.mean()
	return math.Abs(mean) > 3*err
}

// mean returns the mean of the differences and its standard error.
func (p paired) mean() (mean, err float64) {
	for _, x := range p {
		mean += x / float64(len(p))
	}
	for _, x := range p {
		err += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(err / float64(len(p)-1) / float64(len(p)))
}
