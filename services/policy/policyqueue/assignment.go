package policyqueue

import (
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// An assignment shares a model's partitions among the workers that live now, and passes
// its worker's ranks on to the worker's sources. All workers compute the same, as long
// as they know the same partitions and workers. While they do not, a partition may have
// two owners or none: then a job goes to the worker that pulls it first.
type assignment struct {
	key      string // of the worker's announcement
	self     func() protocol.Announcement
	roster   *Roster
	assigned func(ranks map[int]int) // takes the worker's rank in each partition

	mu         sync.Mutex
	partitions []int // numbers
}

// setPartitions sets the numbers of the partitions.
func (a *assignment) setPartitions(numbers []int) {
	a.mu.Lock()
	a.partitions = numbers
	a.mu.Unlock()
	a.update()
}

// update shares the partitions again, after a change of the workers.
func (a *assignment) update() {
	a.mu.Lock()
	defer a.mu.Unlock()
	workers := a.roster.Workers()
	workers[a.key] = a.self()
	members := identify(workers)
	self := members[a.key]
	var available []string
	for key, worker := range workers {
		if worker.Available() {
			available = append(available, members[key])
		}
	}
	if len(available) == 0 {
		available = []string{self}
	}
	slices.Sort(available)
	ranks := make(map[int]int, len(a.partitions))
	if len(a.partitions) > 0 {
		owner := owners(available, slices.Max(a.partitions)+1)
		for _, p := range a.partitions {
			ranks[p] = rank(available, self, owner[p], p)
		}
	}
	a.assigned(ranks)
}

// identify returns a unique name for each worker, by key: the announced one, so that a
// worker has the same partitions after a restart, with the key if others announce it, too.
func identify(workers map[string]protocol.Announcement) map[string]string {
	count := make(map[string]int)
	for _, worker := range workers {
		count[worker.Name]++
	}
	names := make(map[string]string, len(workers))
	for key, worker := range workers {
		names[key] = worker.Name
		if count[worker.Name] > 1 {
			names[key] += "/" + key
		}
	}
	return names
}
