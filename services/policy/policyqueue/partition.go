package policyqueue

// lowestPriority is the lowest priority that JetStream allows a pull to have.
const lowestPriority = 9

// A partition is a partition from which a worker pulls. Its fields are guarded by
// sources.mu.
type partition struct {
	number   int
	rank     int  // of the worker in this partition; 0: it is the owner
	notified bool // JetStream has stored a job, or is storing it
	check    bool // a job may be there of which the worker was not notified
	delayed  bool // a notification takes effect after a delay
	waiting  int  // number of pulls that wait here
}

// pending reports whether the partition may have a job.
func (p *partition) pending() bool { return p.notified || p.check }

// priority returns the priority of the worker's pulls, 0, the highest, to lowestPriority.
func (p *partition) priority() int { return min(p.rank, lowestPriority) }
