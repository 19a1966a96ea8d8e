package policyqueue

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func workerNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("pod-%d", i))
	}
	return names
}

// countOwned returns the number of partitions that each worker owns.
func countOwned(owner []int, workers int) []int {
	owned := make([]int, workers)
	for _, w := range owner {
		owned[w]++
	}
	return owned
}

// Each worker owns the mean number of partitions, rounded, or within a quarter of it.
func TestPartitionsAreSharedEvenly(t *testing.T) {
	for _, partitions := range []int{1, 7, 32, 256} {
		for n := 1; n <= 64; n++ {
			mean := float64(partitions) / float64(n)
			least, most := math.Min(math.Floor(mean), mean/1.25), math.Max(math.Ceil(mean), 1.25*mean)
			for w, got := range countOwned(owners(workerNames(n), partitions), n) {
				if float64(got) < least || float64(got) > most {
					t.Errorf("worker %d of %d owns %d of %d partitions, want %g to %g", w, n, got, partitions, least, most)
				}
			}
		}
	}
}

// The negative control: plain rendezvous hashing assigns some worker 1.5 times the mean.
func TestPlainRendezvousHashingIsUneven(t *testing.T) {
	worst := 0.0
	for n := 1; n <= 16; n++ {
		names := workerNames(n)
		plain := make([]int, 32)
		for p := range plain {
			for w := range names {
				if weight(names[w], p) > weight(names[plain[p]], p) {
					plain[p] = w
				}
			}
		}
		worst = math.Max(worst, float64(slices.Max(countOwned(plain, n)))*float64(n)/32)
	}
	if worst < 1.5 {
		t.Errorf("a worker owns at most %.2f times the mean, want at least 1.5", worst)
	}
}

func TestOwnersDoNotDependOnTheOrderOfWorkers(t *testing.T) {
	names := workerNames(9)
	want := owners(names, 32)
	shuffled := slices.Clone(names)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) {
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	})
	for p, got := range owners(shuffled, 32) {
		if shuffled[got] != names[want[p]] {
			t.Errorf("partition %d: owner %s, in another order of workers %s", p, names[want[p]], shuffled[got])
		}
	}
}

// When workers join one after the other, at most twice as many partitions move as have to
// move to the new ones. As a negative control, ownership by remainder moves nearly all.
func TestFewPartitionsMove(t *testing.T) {
	const partitions = 256
	moved, remainder, least := 0, 0, 0
	for n := 1; n < 64; n++ {
		before, after := owners(workerNames(n), partitions), owners(workerNames(n+1), partitions)
		for p := range partitions {
			if before[p] != after[p] {
				moved++
			}
			if p%n != p%(n+1) {
				remainder++
			}
		}
		least += partitions / (n + 1)
	}
	if moved > 2*least || remainder < 10*least {
		t.Errorf("%d partitions move, by remainder %d, want at most 2 and at least 10 times %d", moved, remainder, least)
	}
}

func TestRanksAreDistinct(t *testing.T) {
	names := workerNames(12)
	owner := owners(names, 32)
	for p := range owner {
		seen := make(map[int]string)
		for _, name := range names {
			r := rank(names, name, owner[p], p)
			if other, ok := seen[r]; ok || r < 0 || r >= len(names) {
				t.Errorf("partition %d: %s has rank %d, as has %q", p, name, r, other)
			}
			seen[r] = name
		}
		if seen[0] != names[owner[p]] {
			t.Errorf("partition %d: %s has rank 0, want the owner %s", p, seen[0], names[owner[p]])
		}
	}
}
