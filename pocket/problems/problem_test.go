package problems

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func take(t testing.TB, n int, o Options) []Problem {
	t.Helper()
	ps, err := Take(n, o)
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

func TestSameSeedSameProblems(t *testing.T) {
	a := take(t, 200, Options{Split: Test, Seed: 7})
	if diff := cmp.Diff(a, take(t, 200, Options{Split: Test, Seed: 7})); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(a, take(t, 200, Options{Split: Test, Seed: 8})) {
		t.Error("seed 8 gives the problems of seed 7")
	}
}

func TestSplitsAreDisjoint(t *testing.T) {
	// There are few one-step problems of the lowest level: without splits they would collide.
	seen := map[string]Split{}
	for _, split := range []Split{Train, Validation, Test} {
		for _, nsteps := range []int{0, 1} {
			for _, p := range take(t, 3000, Options{Split: split, Seed: 1, NSteps: nsteps}) {
				if got := p.Split(); got != split {
					t.Fatalf("split of %q = %s, want %s", p.Text, got, split)
				}
				chain := strings.Join(p.Steps, " ")
				if other, ok := seen[chain]; ok && other != split {
					t.Fatalf("%q is in %s and %s", chain, other, split)
				}
				seen[chain] = split
			}
		}
	}
}

func TestSplitIgnoresNames(t *testing.T) {
	p := take(t, 1, Options{Split: Test, Seed: 3})[0]
	p.Text = strings.NewReplacer(names[0], names[1], names[2], names[3], things[0], things[1]).Replace(p.Text)
	if got := p.Split(); got != Test {
		t.Errorf("renamed problem is in %s", got)
	}
}

func TestSplitShares(t *testing.T) {
	count := map[Split]int{}
	r := newStoryRand(5)
	const n = 20000
	for range n {
		if p, ok := generate(r, 4, 3); ok {
			count[p.Split()]++
		}
	}
	total := float64(count[Train] + count[Validation] + count[Test])
	for split, want := range map[Split]float64{Train: .9, Validation: .05, Test: .05} {
		if got := float64(count[split]) / total; got < want-.01 || got > want+.01 {
			t.Errorf("share of %s = %.3f, want %.2f", split, got, want)
		}
	}
}

// TestProblemsAreSound checks the invariants of a problem: its calculations are correct,
// their number is NSteps, and the result of the last is the answer.
func TestProblemsAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			Split:  rapid.SampledFrom([]Split{Train, Validation, Test}).Draw(t, "split"),
			Seed:   rapid.Uint64().Draw(t, "seed"),
			NSteps: rapid.IntRange(1, MaxSteps).Draw(t, "steps"),
			Level:  rapid.IntRange(1, MaxLevel).Draw(t, "level"),
		}
		ps, err := Take(3, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			if len(p.Steps) != o.NSteps || p.NSteps != o.NSteps || p.Level != o.Level {
				t.Fatalf("got %d steps of level %d, want %d of %d", len(p.Steps), p.Level, o.NSteps, o.Level)
			}
			last := ""
			for _, s := range p.Steps {
				last = check(t, s)
			}
			if last != p.Answer {
				t.Fatalf("answer %s after %v", p.Answer, p.Steps)
			}
			if len(p.Text) > 420 || strings.ContainsFunc(p.Text, func(c rune) bool { return c < 32 || c > 126 }) {
				t.Fatalf("text %q: want one line of at most 420 printable characters", p.Text)
			}
		}
	})
}

// check verifies one calculation and returns its result.
func check(t *rapid.T, step string) string {
	var a, b, v int
	var op rune
	if _, err := fmt.Sscanf(step, "%d%c%d=%d", &a, &op, &b, &v); err != nil {
		t.Fatalf("step %q: %v", step, err)
	}
	ok := map[rune]bool{'+': a+b == v, '-': a-b == v, '*': a*b == v, '/': b != 0 && b*v == a}[op]
	if !ok || v < 0 || v > maxPile*2 {
		t.Fatalf("step %q is wrong", step)
	}
	return fmt.Sprint(v)
}

func TestEveryKindOccurs(t *testing.T) {
	marks := []string{
		"finds", "gives", "times as big", "equal parts", "boxes", "friends", "packs", "fewer", "are bad", "tomorrow",
	}
	if got, want := len(kinds), len(marks); got != want {
		t.Fatalf("%d kinds, want %d", got, want)
	}
	var all strings.Builder
	for _, p := range take(t, 500, Options{Split: Train, Seed: 1}) {
		all.WriteString(p.Text)
	}
	for _, m := range marks {
		if !strings.Contains(all.String(), m) {
			t.Errorf("no problem contains %q", m)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{
		{Split: "exam"}, {Split: Test, NSteps: 9}, {Split: Test, NSteps: -1}, {Split: Test, Level: 5},
	} {
		if _, err := All(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
