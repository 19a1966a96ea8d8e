package policyqueue

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// A search holds the jobs of one search, by name, and the subscriptions to their results and to
// cancellations of the search. After the end of a job it holds the open expenses of the attempts at it.
type search struct {
	results *nats.Subscription
	cancels *nats.Subscription
	jobs    map[string]*job
	open    map[attemptID]*expense
	reports trigger     // signalled after each result of an attempt whose job has ended
	expiry  *time.Timer // ends the search if nobody settles it; nil while there are jobs
}

// An attemptID names an attempt at a job.
type attemptID struct {
	job    string // name
	origin origin
}

// unsettled is how long a client holds the open expenses of a search that has no jobs.
const unsettled = 10 * time.Minute

// unused returns name, with a number if another job has it: requests that are equal and
// run at the same time are separate jobs.
func (s *search) unused(name string) string {
	base := name
	for n := 2; s.jobs[name] != nil; n++ {
		name = fmt.Sprintf("%s+%d", base, n)
	}
	return name
}
