package policyqueue

import (
	"fmt"

	"github.com/nats-io/nats.go"
)

// A search holds the jobs of one search, by name, and the subscription to their results.
type search struct {
	results *nats.Subscription
	jobs    map[string]*job
}

// unused returns name, with a number if another job has it: requests that are equal and
// run at the same time are separate jobs.
func (s *search) unused(name string) string {
	base := name
	for n := 2; s.jobs[name] != nil; n++ {
		name = fmt.Sprintf("%s+%d", base, n)
	}
	return name
}
