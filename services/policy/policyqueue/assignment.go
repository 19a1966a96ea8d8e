package policyqueue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// An assignment assigns a model's partitions to the live workers, and passes the ranks of
// its own worker to the worker's sources. All workers compute the same assignment while
// they know the same partitions and workers. While they do not, a partition may have two
// owners or none; then the first worker that pulls a job gets it.
type assignment struct {
	key      string // of its worker's announcement
	self     func() protocol.Announcement
	monitor  *Monitor
	settings *settingsFollower
	roster   *Roster
	assigned func(ranks map[int]int) // receives the worker's rank in each partition
	stale    trigger                 // the partitions may have changed
	waiting  bool                    // the queue does not exist yet; only refresh uses it

	mu         sync.Mutex
	partitions []int // numbers
}

// run keeps the partitions up to date until ctx ends.
func (a *assignment) run(ctx context.Context) {
	loop{nc: a.monitor.nc, action: a.refresh, trigger: a.stale}.run(ctx)
}

// errIncomplete is the error of a queue whose consumers do not match the settings.
var errIncomplete = errors.New("a planner has not yet created the consumers of all partitions")

// refresh reads the partitions in which the model has a consumer. It returns an error if
// that may change soon.
func (a *assignment) refresh(ctx context.Context) error {
	numbers, total, err := a.monitor.partitions(ctx)
	switch {
	case err != nil && !errors.Is(err, jetstream.ErrStreamNotFound):
		return err
	case err == nil && (len(numbers) != total || total != a.settings.settings().Partitions):
		err = errIncomplete
	}
	if waiting := len(numbers) == 0; waiting != a.waiting {
		a.waiting = waiting
		log := slog.With("worker", a.self().Name, "model", a.monitor.model)
		if waiting {
			log.Info("worker waits for the queue: a planner of the model creates it")
		} else {
			log.Info("worker uses the queue")
		}
	}
	a.mu.Lock()
	a.partitions = numbers
	a.mu.Unlock()
	a.update()
	return err
}

// update assigns the partitions to the workers that are live now.
func (a *assignment) update() {
	a.mu.Lock()
	defer a.mu.Unlock()
	workers := a.roster.Workers()
	workers[a.key] = a.self()
	names := uniqueNames(workers)
	self := names[a.key]
	var available []string
	for key, worker := range workers {
		if worker.Available() {
			available = append(available, names[key])
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

// uniqueNames returns a unique name for each worker, by key. It is the announced name, so
// that a worker owns the same partitions after a restart, followed by the key if several
// workers have the name.
func uniqueNames(workers map[string]protocol.Announcement) map[string]string {
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
