package search

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
)

// sampling returns a backend of samples with these answers, in order; "" is a sample that a
// token limit cut.
func sampling(answers ...string) scripted {
	return bySpec(1, func(id string) spec {
		i, err := strconv.Atoi(id)
		if err != nil || answers[i] == "" {
			return spec{finish: reasoning.FinishLength}
		}
		return spec{text: answers[i]}
	})
}

// majorityOf returns the most frequent of these answers; of equally frequent ones the first.
func majorityOf(answers []string) (winner string) {
	most := 0
	for _, a := range answers {
		n := 0
		for _, other := range answers {
			if other == a {
				n++
			}
		}
		if a != "" && n > most {
			winner, most = a, n
		}
	}
	return winner
}

// samplesTaken returns how many of these samples a majority takes, and the winner.
func samplesTaken(t rapid.TB, m Majority, answers []string) (n int, winner string) {
	tree := New(sampling(answers...), newProblem(combination))
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

// "It stops as soon as the remaining samples cannot change the winner": not earlier and not
// later, also if answers tie.
func TestMajorityStopsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		common := []string{"1", "1", "1", "2", "2", "3", ""} // so that "1" often wins
		answers := rapid.SliceOfN(rapid.SampledFrom(common), 1, 14).Draw(t, "answers")
		n, winner := samplesTaken(t, Majority{N: len(answers)}, answers)
		if want := majorityOf(answers); winner != want {
			t.Errorf("after %d of %d samples %q wins, after all %q", n, len(answers), winner, want)
		}
		// If the remaining samples can change the winner, they can do so if all have one answer.
		open := func(n int) bool {
			if majorityOf(answers[:n]) == "" {
				return true
			}
			for _, other := range []string{"1", "2", "3", "new"} {
				rest := slices.Repeat([]string{other}, len(answers)-n)
				if majorityOf(slices.Concat(answers[:n], rest)) != majorityOf(answers[:n]) {
					return true
				}
			}
			return false
		}
		first := 1
		for first < len(answers) && open(first) {
			first++
		}
		if n != first {
			t.Errorf("stopped after %d samples, want %d", n, first)
		}
		wave := rapid.IntRange(1, len(answers)).Draw(t, "wave")
		n, winner = samplesTaken(t, Majority{N: len(answers), Wave: wave}, answers)
		if want := min((first+wave-1)/wave*wave, len(answers)); n != want || winner != majorityOf(answers) {
			t.Errorf("waves of %d stop after %d samples with %q, want %d with %q",
				wave, n, winner, want, majorityOf(answers))
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
		answers    string // one digit per sample, repeated
		want       int
	}{
		{0.95, "1111", 4}, {0.93, "111", 3}, {0.94, "1111", 4},
		{0.95, "1211111", 7}, {0.93, "121111", 6}, {0.89, "12111", 5}, {0.9, "121111", 6},
		{0.95, "1231111111", 8}, // 6 : 1, as the criterion ignores the third answer
		{0.95, "12", 39},        // 20 : 19 is certain; the confidence is never reached
	} {
		var answers []string
		for i := range 40 {
			answers = append(answers, string(test.answers[i%len(test.answers)]))
		}
		if n, _ := samplesTaken(t, Majority{N: 40, Confidence: test.confidence}, answers); n != test.want {
			t.Errorf("confidence %v, samples %s…: stopped after %d, want %d", test.confidence, test.answers, n, test.want)
		}
	}
}

// Exhaustive: "never stop early", also with Wave and with Confidence.
func TestMajorityExhaustive(t *testing.T) {
	answers := slices.Repeat([]string{"1"}, 8)
	for _, m := range []Majority{{N: 8}, {N: 8, Wave: 3}, {N: 8, Confidence: 0.6}} {
		m.Exhaustive = true
		if n, _ := samplesTaken(t, m, answers); n != 8 {
			t.Errorf("%+v: %d samples, want 8", m, n)
		}
	}
	if n, _ := samplesTaken(t, Majority{N: 8}, answers); n != 4 { // 4 : 0 of 8: the first answer wins a tie
		t.Errorf("%d samples, want 4", n)
	}
}
