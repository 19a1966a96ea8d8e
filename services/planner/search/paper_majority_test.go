package search

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
)

// saying is a world of samples that say these, in their order; "" is one that was cut.
func sampling(says ...string) scripted {
	return bySpec(1, func(id string) spec {
		i, err := strconv.Atoi(id)
		if err != nil || says[i] == "" {
			return spec{finish: reasoning.FinishLength}
		}
		return spec{text: says[i]}
	})
}

// vote is the winner of samples that say these, all of them.
func majorityOf(says []string) (winner string) {
	most := 0
	for _, s := range says {
		n := 0
		for _, other := range says {
			if other == s {
				n++
			}
		}
		if s != "" && n > most { // so the first of equals stays
			winner, most = s, n
		}
	}
	return winner
}

// counted is how many samples there are in the tree of a majority that stops early, and
// whom they elect.
func samplesTaken(t rapid.TB, m Majority, says []string) (n int, winner string) {
	tree := New(sampling(says...), newProblem(combination))
	if _, err := Run(context.Background(), tree, m); err != nil {
		t.Fatal(err)
	}
	ranked, err := Choice{}.Rank(slices.Collect(tree.Solutions()), identity)
	if err != nil {
		t.Fatal(err)
	}
	if len(ranked) > 0 {
		winner = ranked[0].Answer
	}
	return len(tree.Root.Children), winner
}

// "It stops as soon as the samples that are left cannot change the winner": never before,
// never later, at ties too.
func TestMajorityStopsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		says := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "1", "1", "2", "2", "3", ""}), 1, 14).Draw(t, "samples")
		n, winner := samplesTaken(t, Majority{N: len(says)}, says)
		if want := majorityOf(says); winner != want {
			t.Errorf("after %d of %d samples %q wins, and %q of all", n, len(says), winner, want)
		}
		// Whoever could change the winner would do it by giving all that is left to one.
		open := func(n int) bool {
			if majorityOf(says[:n]) == "" {
				return true
			}
			for _, other := range []string{"1", "2", "3", "new"} {
				rest := slices.Repeat([]string{other}, len(says)-n)
				if majorityOf(slices.Concat(says[:n], rest)) != majorityOf(says[:n]) {
					return true
				}
			}
			return false
		}
		first := 1
		for first < len(says) && open(first) {
			first++
		}
		if n != first {
			t.Errorf("stopped after %d samples, want %d", n, first)
		}
		wave := rapid.IntRange(1, len(says)).Draw(t, "wave")
		n, winner = samplesTaken(t, Majority{N: len(says), Wave: wave}, says)
		if want := min((first+wave-1)/wave*wave, len(says)); n != want || winner != majorityOf(says) {
			t.Errorf("waves of %d stop after %d samples with %q, want %d with %q", wave, n, winner, want, majorityOf(says))
		}
	})
}

// "With Confidence it stops when the leading answer is the policy's most frequent one with
// that probability, given the counts of the first two answers" (Aggarwal et al. 2023, §3).
// By hand, P(p > ½) for p ~ Beta(v₁+1, v₂+1) is 1 − P(Binomial(v₁+v₂+1, ½) > v₁):
//
//	3 : 0 is 1 − 1/16 = 0.938, 4 : 0 is 1 − 1/32 = 0.969
//	4 : 1 is 1 − 7/64 = 0.891, 5 : 1 is 1 − 8/128 = 0.938, 6 : 1 is 1 − 9/256 = 0.965
func TestMajorityAdaptiveConsistency(t *testing.T) {
	for _, test := range []struct {
		confidence float64
		says       string
		want       int
	}{
		{0.95, "1111", 4}, {0.93, "111", 3}, {0.94, "1111", 4},
		{0.95, "1211111", 7}, {0.93, "121111", 6}, {0.89, "12111", 5}, {0.9, "121111", 6},
		{0.95, "1231111111", 8}, // of the third the criterion knows nothing: 6 : 1
		{0.95, "12", 39},        // never sure; 20 : 19 is certain
	} {
		says := make([]string, 40)
		for i := range says {
			says[i] = test.says[i%len(test.says) : i%len(test.says)+1]
		}
		if n, _ := samplesTaken(t, Majority{N: 40, Confidence: test.confidence}, says); n != test.want {
			t.Errorf("confidence %v, samples %s…: stopped after %d, want %d", test.confidence, test.says, n, test.want)
		}
	}
}

// "Exhaustive: never stop early", and the sample of one is not looked at twice.
func TestMajorityExhaustive(t *testing.T) {
	says := slices.Repeat([]string{"1"}, 8)
	for _, m := range []Majority{{N: 8, Exhaustive: true}, {N: 8, Wave: 3, Exhaustive: true}, {N: 8, Confidence: 0.6, Exhaustive: true}} {
		if n, _ := samplesTaken(t, m, says); n != 8 {
			t.Errorf("%+v: %d samples, want 8", m, n)
		}
	}
	if n, _ := samplesTaken(t, Majority{N: 8}, says); n != 4 { // four to nothing of eight: at a tie the first wins
		t.Errorf("%d samples, want 4", n)
	}
}
