package policyqueue

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// owners returns the owner of each partition, as an index of workers, of which there is
// at least one and which are distinct. The owners do not depend on the order of workers.
//
// owners is rendezvous hashing with bounded loads: each pair of a worker and a partition
// has a weight, and the pairs are taken in the order of their weights. Plain rendezvous
// hashing gives each partition to its heaviest worker, and some workers 1.5 times the
// mean and more. Here a worker owns the mean, rounded down or up, and when a worker
// comes or goes, few partitions move between the others.
func owners(workers []string, partitions int) []int {
	type pair struct {
		weight            uint64
		partition, worker int
	}
	var pairs []pair
	for p := range partitions {
		for w, name := range workers {
			pairs = append(pairs, pair{weight(name, p), p, w})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(
			cmp.Compare(b.weight, a.weight),
			cmp.Compare(a.partition, b.partition),
			cmp.Compare(workers[a.worker], workers[b.worker]),
		)
	})
	mean := partitions / len(workers)
	larger := partitions % len(workers) // as many workers own one more
	owned := make([]int, len(workers))
	owner := slices.Repeat([]int{-1}, partitions)
	for _, pair := range pairs {
		full := owned[pair.worker] > mean || owned[pair.worker] == mean && larger == 0
		if full || owner[pair.partition] >= 0 {
			continue
		}
		if owned[pair.worker] == mean {
			larger--
		}
		owned[pair.worker]++
		owner[pair.partition] = pair.worker
	}
	return owner
}

// rank returns how many of workers come before self at a partition with this owner: the
// owner is first, and the others follow by weight.
func rank(workers []string, self string, owner, partition int) int {
	if workers[owner] == self {
		return 0
	}
	own, before := weight(self, partition), 1
	for i, name := range workers {
		if i == owner || name == self {
			continue
		}
		if c := cmp.Compare(weight(name, partition), own); c > 0 || c == 0 && name < self {
			before++
		}
	}
	return before
}

// weight returns the weight of a worker at a partition: a hash of both.
func weight(worker string, partition int) uint64 {
	hash := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(worker), uint32(partition)))
	return binary.BigEndian.Uint64(hash[:])
}
