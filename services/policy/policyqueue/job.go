package policyqueue

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// A job is the client's record of a protocol.Job, from before it is published until its
// Expand ends. The caller of a method, except id, holds registry.mu.
type job struct {
	expansion *expansion
	request   policy.Request // for the children
	search    string
	name      string
	epoch     string // of this publication: a later job of the same name has another, and so another id

	// Guarded by registry.mu.
	state    jobState
	sequence uint64              // in the stream; 0: JetStream has not acknowledged the message
	missing  map[int]struct{}    // ordinals of children that have not come; not empty while wanted
	expenses map[origin]*expense // of the attempts that have sent a result
	claimant origin              // the last attempt that claimed the job
	failed   bool                // while children were missing
	running  bool                // the claimant has not reported its end
	trace    string              // traceparent of the claimant
	failures failures
}

// newJob returns a job for r's children.
func newJob(e *expansion, r policy.Request, name, epoch string) *job {
	j := &job{
		expansion: e, request: r, search: r.Search, name: name, epoch: epoch,
		missing: make(map[int]struct{}), expenses: make(map[origin]*expense),
	}
	for _, ordinal := range r.Ordinals {
		j.missing[ordinal] = struct{}{}
	}
	return j
}

// An origin identifies the attempt that sends a result. Its Start alone does not: an
// attempt at a cancelled job and one at a later job of the same name may have the same.
type origin struct {
	epoch string // of the message with which the attempt began
	start policy.Start
}

// id returns the job's message id.
func (j *job) id() string { return protocol.Job{Name: j.name, Epoch: j.epoch}.ID() }

// transition moves the job to the next state.
func (j *job) transition(e jobEvent) { j.state = jobTransitions[j.state][e] }

// wanted reports whether the client waits for children of the job.
func (j *job) wanted() bool { return j.state <= jobStateContested }

// ordinals returns the ordinals of the children for which the client waits, in order.
func (j *job) ordinals() []int {
	if !j.wanted() {
		return nil
	}
	return slices.Sorted(maps.Keys(j.missing))
}

// claim makes an attempt the claimant, and returns the traceparent of the previous one, "" if
// there was none. The previous attempt has failed if it has not reported its end; with the most
// failures that the job may have, claim fails the job. If the client wants no more children, claim
// does nothing and returns "".
func (j *job) claim(from origin, trace string, most int) (previous string) {
	if !j.wanted() {
		return ""
	}
	if j.running {
		start := j.start(j.claimant)
		j.attemptFailed(fmt.Errorf("attempt %d, on worker %s, did not end: did the worker crash?",
			start.Attempt, start.Worker), most)
	}
	previous, j.trace = j.trace, trace
	j.expense(from).missing = len(j.missing)
	j.transition(jobEventClaim)
	first := j.claimant == origin{}
	j.claimant, j.running = from, true
	if j.wanted() {
		start := j.start(from)
		j.expansion.put(update{start: &start, first: first})
	}
	return previous
}

// start returns the start of an attempt, with the client's count of attempts if it is the claimant.
// Workers count deliveries, of which some are attempts that no engine began.
func (j *job) start(from origin) policy.Start {
	start := from.start
	if from == j.claimant {
		start.Attempt = j.failures.total + 1
	}
	return start
}

// attemptFailed counts an attempt that failed, and fails the job after the most in a row.
func (j *job) attemptFailed(err error, most int) {
	j.failures.add()
	if j.failures.row >= most {
		j.fail(fmt.Errorf("%w after %d attempts: %w", policy.ErrPoison, j.failures.row, err))
	}
}

// expense returns what is known of the cost of an attempt.
func (j *job) expense(from origin) *expense {
	x := j.expenses[from]
	if x == nil {
		x = &expense{request: &j.request, arrived: make(map[int]struct{})}
		j.expenses[from] = x
	}
	return x
}

// lostExpense returns the expense of an attempt of which lose has billed what was reported, nil for any
// other attempt.
func (j *job) lostExpense(from origin) *expense {
	if x := j.expenses[from]; x != nil && x.lost {
		return x
	}
	return nil
}

// lose gives the expansion the cost of what attempts have reported and not delivered: it is lost.
func (j *job) lose() {
	for _, x := range j.expenses {
		if !x.open() {
			continue
		}
		x.lost = true
		if due := x.due(); due != (reasoning.Usage{}) {
			cost := lost(due)
			j.expansion.put(update{wasted: &cost})
		}
	}
}

// take takes a finished child. Of a child that is not missing, as another attempt has generated it,
// the expansion gets the cost, which is lost. take ignores a child that was sent again.
func (j *job) take(from origin, c policy.Child) {
	if !slices.Contains(j.request.Ordinals, c.Ordinal) {
		return
	}
	x := j.expense(from)
	if x.arrive(c) {
		return
	}
	x.bill(c.Usage)
	if _, ok := j.missing[c.Ordinal]; !ok {
		cost := lost(c.Usage)
		j.expansion.put(update{wasted: &cost})
		return
	}
	delete(j.missing, c.Ordinal)
	j.failures.row = 0
	c.Start = j.start(from)
	if from != j.claimant {
		j.transition(jobEventForeignChild)
	}
	if len(j.missing) == 0 {
		j.transition(jobEventComplete)
		j.lose() // before the last child, which has the cost
	}
	j.expansion.put(update{child: c})
}

// refuse takes a child that breaks the contract: the expansion gets its cost, and an error. The job is not failed: its
// attempt, which stops, still reports what it has wasted, and the expansion waits for that.
func (j *job) refuse(from origin, c policy.Child, err error) {
	if x := j.expense(from); !x.arrive(c) {
		cost := j.request.Refused(c)
		x.bill(cost.Usage)
		j.expansion.put(update{wasted: &cost})
	}
	if j.wanted() {
		j.failed = true
		j.expansion.put(update{
			err: fmt.Errorf("job %s: child from worker %s, which may be of another release: %w", j.name, from.start.Worker, err),
		})
	}
}

// report takes the final report of an attempt that was stopped or failed. The expansion gets the
// wasted tokens, unless the job is closed. An attempt that failed counts, unless it has been
// counted as one that did not end when a later one claimed the job.
func (j *job) report(from origin, e protocol.Stopped, most int) {
	cost := reasoning.Wasted(e.Wasted)
	if err := j.request.CheckWaste(cost); err != nil {
		cost = j.request.Unreported(len(j.request.Ordinals))
		j.fail(fmt.Errorf("job %s: final report of worker %s: %w", j.name, from.start.Worker, err))
	}
	x := j.expense(from)
	x.final = true
	x.bill(cost.Usage)
	if j.state != jobStateClosed {
		j.expansion.put(update{wasted: &cost})
	}
	counted := from != j.claimant && (from.epoch != j.epoch || from.start.Attempt <= j.claimant.start.Attempt)
	if from == j.claimant {
		j.transition(jobEventReport)
		j.running = false
	}
	switch {
	case e.Err == nil || !j.wanted():
	case !e.Failed:
		j.expansion.put(update{waiting: fmt.Errorf("worker %s: %w", from.start.Worker, e.Err)})
	case !counted:
		j.attemptFailed(e.Err, most)
	}
}

// fail fails the job. err names neither job nor worker: jobs that fail for one reason have one text, which a
// search reports once. The expansion fails only if it still waits for children of the job:
// a failure may arrive after the last child.
func (j *job) fail(err error) {
	if j.wanted() {
		j.failed = true
		j.expansion.put(update{err: err})
	}
	j.transition(jobEventFail)
}

// cancel cancels the job. It reports whether the client has to delete the job's message
// and to stop its attempts.
func (j *job) cancel() (remove bool) {
	remove = j.state <= jobStateObsolete
	j.transition(jobEventCancel)
	return remove
}
