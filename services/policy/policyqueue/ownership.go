package policyqueue

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// owners returns the owner of each partition as an index into workers, which are distinct
// and at least one. The owners do not depend on the order of workers.
//
// owners uses rendezvous hashing with bounded loads: each pair of a worker and a partition
// has a weight, and partitions are assigned in descending order of weight, while the worker
// owns less than the mean. Plain rendezvous hashing assigns each partition to the worker
// with the highest weight, and some workers own 1.5 times the mean and more. With bounded
// loads a worker owns the mean, rounded down or up, and few partitions move between the
// other workers when one joins or leaves.
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
	larger := partitions % len(workers) // number of workers that own one more
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

// rank returns the number of workers that come before self in a partition: the owner, an
// index into workers, is first, and the others follow in descending order of weight.
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

// weight returns the weight of a worker and a partition: a hash of both.
func weight(worker string, partition int) uint64 {
	hash := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(worker), uint32(partition)))
	return binary.BigEndian.Uint64(hash[:])
}
