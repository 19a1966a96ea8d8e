package policyqueue

// A jobState is the state of a job as its client knows it. Up to jobStateContested the client
// wants children; up to jobStateObsolete it has to delete the job's message and to stop its
// attempts.
type jobState int

const (
	// jobStatePublished: no attempt that runs has claimed the job, as far as the client
	// knows.
	jobStatePublished jobState = iota
	// jobStateClaimed: one attempt, the claimant, has claimed the job and may be running.
	// Its final report moves the job back to jobStatePublished.
	jobStateClaimed
	// jobStateContested: another attempt than the claimant may be running, too: the job
	// was delivered again, or an attempt for an earlier client of the search goes on.
	jobStateContested
	// jobStateObsolete: the client wants no more children, but the message may be in the
	// stream, or an attempt running: the job failed, or completed while it was contested
	// or not claimed.
	jobStateObsolete
	// jobStateCancelling: the client has cancelled the job and waits for the final report
	// of the claimant.
	jobStateCancelling
	// jobStateClosed: the client has no more to do for the job. All children came from
	// the claimant, which then acknowledges the message, or the job is cancelled.
	jobStateClosed
)

// String returns the state's name, for messages.
func (s jobState) String() string {
	return [...]string{"published", "claimed", "contested", "obsolete", "cancelling", "closed"}[s]
}

// A jobEvent moves a job from one state to the next.
type jobEvent int

const (
	jobEventClaim        jobEvent = iota // an attempt claims the job
	jobEventForeignChild                 // a missing child comes from an attempt that is not the claimant
	jobEventComplete                     // the last missing child has come
	jobEventReport                       // the claimant was stopped or failed, and sends its final report
	jobEventFail                         // the job fails and is not attempted again
	jobEventCancel                       // Expand ends

	jobEvents = int(iota)
)

// jobTransitions holds the next state, by state and event:
//
//   - A second claim contests the job: JetStream delivers a job again if it has no
//     heartbeats, but the first attempt may run on.
//   - A contested job stays contested: after a report the other attempt may be running.
//   - A job that completes is closed only if the claimant alone can be running, since only
//     the claimant then learns from the reply that no child is missing, and ends.
//   - A cancelled job that was claimed is closed by whatever ends the claimant: its final
//     report, its last child or its failure.
var jobTransitions = [...][jobEvents]jobState{
	jobStatePublished: {
		jobEventClaim:        jobStateClaimed,
		jobEventForeignChild: jobStatePublished,
		jobEventComplete:     jobStateObsolete,
		jobEventReport:       jobStatePublished,
		jobEventFail:         jobStateObsolete,
		jobEventCancel:       jobStateClosed,
	},
	jobStateClaimed: {
		jobEventClaim:        jobStateContested,
		jobEventForeignChild: jobStateContested,
		jobEventComplete:     jobStateClosed,
		jobEventReport:       jobStatePublished,
		jobEventFail:         jobStateObsolete,
		jobEventCancel:       jobStateCancelling,
	},
	jobStateContested: {
		jobEventClaim:        jobStateContested,
		jobEventForeignChild: jobStateContested,
		jobEventComplete:     jobStateObsolete,
		jobEventReport:       jobStateContested,
		jobEventFail:         jobStateObsolete,
		jobEventCancel:       jobStateCancelling,
	},
	jobStateObsolete: {
		jobEventClaim:        jobStateObsolete,
		jobEventForeignChild: jobStateObsolete,
		jobEventComplete:     jobStateObsolete,
		jobEventReport:       jobStateObsolete,
		jobEventFail:         jobStateObsolete,
		jobEventCancel:       jobStateClosed,
	},
	jobStateCancelling: {
		jobEventClaim:        jobStateCancelling,
		jobEventForeignChild: jobStateCancelling,
		jobEventComplete:     jobStateClosed,
		jobEventReport:       jobStateClosed,
		jobEventFail:         jobStateClosed,
		jobEventCancel:       jobStateCancelling,
	},
	jobStateClosed: {
		jobEventClaim:        jobStateClosed,
		jobEventForeignChild: jobStateClosed,
		jobEventComplete:     jobStateClosed,
		jobEventReport:       jobStateClosed,
		jobEventFail:         jobStateClosed,
		jobEventCancel:       jobStateClosed,
	},
}
