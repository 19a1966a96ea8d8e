package policyqueue

import (
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A jobState is the state of a published job, as its client knows it.
type jobState int

const (
	// jobPublished: no attempt has claimed it, or the one that had was stopped.
	jobPublished jobState = iota
	// jobClaimed: one attempt has claimed it, and may run.
	jobClaimed
	// jobContested: an attempt has claimed it, and another may run, too: one from before
	// it was delivered again, or one that began for an earlier client of the search.
	jobContested
	// jobObsolete: no more results are wanted, but its message may be in the stream or an
	// attempt may run: it failed, or not all children came from the attempt that claimed it.
	jobObsolete
	// jobCancelling: it is cancelled, and the final report of its attempt is awaited.
	jobCancelling
	// jobClosed: its message is removed or about to be, and no attempt runs. The last state.
	jobClosed
)

// A jobEvent is what happens to a job.
type jobEvent int

const (
	jobEventClaim        jobEvent = iota // an attempt begins
	jobEventForeignChild                 // a missing child came from another attempt than the claimant
	jobEventComplete                     // no child is missing any more
	jobEventReport                       // the claimant was stopped and has sent its final report
	jobEventFail                         // the job failed for good
	jobEventCancel                       // the caller of Expand leaves

	jobEvents = int(iota)
)

// jobTransitions holds the next state, by state and event.
var jobTransitions = [...][jobEvents]jobState{
	//               Claim          ForeignChild   Complete      Report         Fail         Cancel
	jobPublished:  {jobClaimed, jobPublished, jobObsolete, jobPublished, jobObsolete, jobClosed},
	jobClaimed:    {jobContested, jobContested, jobClosed, jobPublished, jobObsolete, jobCancelling},
	jobContested:  {jobContested, jobContested, jobObsolete, jobContested, jobObsolete, jobCancelling},
	jobObsolete:   {jobObsolete, jobObsolete, jobObsolete, jobObsolete, jobObsolete, jobClosed},
	jobCancelling: {jobCancelling, jobCancelling, jobClosed, jobClosed, jobClosed, jobCancelling},
	jobClosed:     {jobClosed, jobClosed, jobClosed, jobClosed, jobClosed, jobClosed},
}

// A job is a job from before its publication until its Expand ends. All but its
// identity is guarded by registry.mu.
type job struct {
	expansion *expansion
	search    string
	name      string
	epoch     string

	state    jobState
	sequence uint64           // in the stream; 0 until JetStream has acknowledged it
	missing  map[int]struct{} // ordinals of children that have not come
	claimant origin           // the last attempt that claimed it
	trace    string           // traceparent of that attempt
}

// An origin identifies the attempt that sends a result. Its Start alone does not: an
// attempt at a cancelled job and one at a later job of the same name may have the same.
type origin struct {
	epoch string // of the message with which the attempt began
	start policy.Start
}

// id returns the job's message id.
func (j *job) id() string { return protocol.Job{Name: j.name, Epoch: j.epoch}.ID() }

// on changes the job's state.
func (j *job) on(e jobEvent) { j.state = jobTransitions[j.state][e] }

// wanted reports whether children that are missing are still to be written.
func (j *job) wanted() bool { return j.state <= jobContested && len(j.missing) > 0 }

// removable reports whether the job's message may be in the stream or an attempt may
// run, and neither was asked to end.
func (j *job) removable() bool { return j.state <= jobObsolete }

// ordinals returns the ordinals of the children that are missing and wanted, in order.
func (j *job) ordinals() []int {
	if !j.wanted() {
		return nil
	}
	return slices.Sorted(maps.Keys(j.missing))
}

// claim records that an attempt begins, and returns the traceparent of the one before.
func (j *job) claim(from origin, trace string) (previous string) {
	if j.state > jobContested {
		return ""
	}
	previous, j.trace = j.trace, trace
	j.on(jobEventClaim)
	j.claimant = from
	j.expansion.put(event{start: &from.start})
	return previous
}

// take records a finished child, unless it has come before.
func (j *job) take(from origin, c policy.Child) {
	if _, ok := j.missing[c.Ordinal]; !ok {
		return
	}
	delete(j.missing, c.Ordinal)
	if from != j.claimant {
		j.on(jobEventForeignChild)
	}
	if len(j.missing) == 0 {
		j.on(jobEventComplete)
	}
	j.expansion.put(event{child: c})
}

// report records the final report of an attempt that was stopped.
func (j *job) report(from origin, e protocol.Stopped) {
	if j.state != jobClosed {
		j.expansion.put(event{wasted: &e.Wasted})
	}
	if from == j.claimant {
		j.on(jobEventReport)
	}
}

// fail records that the job failed for good. The expansion fails only if it still waits
// for children of the job: a failure may arrive after the last child.
func (j *job) fail(err error) {
	if j.wanted() {
		j.expansion.put(event{err: err})
	}
	j.on(jobEventFail)
}

// cancel records that the caller of Expand leaves, and reports whether the job's message
// has to be deleted and its attempts have to be stopped.
func (j *job) cancel() (remove bool) {
	remove = j.removable()
	j.on(jobEventCancel)
	return remove
}
