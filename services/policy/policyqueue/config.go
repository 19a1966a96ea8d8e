// Package policyqueue is a [policy.Policy] over NATS JetStream: what a [Client] puts
// on the queue, any [Worker] does.
//
// The life of a job: the client splits a request into jobs of at most Cap siblings
// and publishes them. A worker with free slots pulls one and claims it: it asks the
// client which children are missing. It has its own Policy write those, and sends
// each as it finishes, by request on the search's subject. When the client replies
// that no child is missing, the worker acknowledges the job, which removes it. If a
// worker dies, another gets the job after AckWait. The client takes a child once,
// whichever attempt sends it. A job that is cancelled is deleted from the stream, and
// its attempt is stopped.
//
// Searches are spread over partitions, which the workers that live now share, so that a
// search stays with the worker that has its prefix in the cache. Planners make the
// stream and its consumers ([Maintainer]). Package protocol has the subjects, messages
// and records.
package policyqueue

import (
	"cmp"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Config describes the queue of one model. All processes that use the queue must have
// the same, but for Tracers. What operators may change is in [protocol.Settings].
type Config struct {
	Model      reasoning.Model // that workers run; its name is in subjects
	AckWait    time.Duration   // without a heartbeat, before a job goes to another worker; 0 is 10s
	MaxDeliver int             // attempts at a job; 0 is 4
	MaxAge     time.Duration   // that a job may reach; 0 is 1h
	MaxJobs    int64           // that may wait or run; 0 is 65536
	Replicas   int             // of the queue in a cluster; 0 is 1
	File       bool            // keep jobs in files; memory is enough, as clients publish a lost job again

	Tracers trace.TracerProvider // for the spans of jobs; nil: none
}

func (c Config) complete() (Config, error) {
	c.AckWait = cmp.Or(c.AckWait, 10*time.Second)
	c.MaxDeliver = cmp.Or(c.MaxDeliver, 4)
	c.MaxAge = cmp.Or(c.MaxAge, time.Hour)
	c.MaxJobs = cmp.Or(c.MaxJobs, 1<<16)
	c.Replicas = cmp.Or(c.Replicas, 1)
	switch {
	case c.Model.Name == "":
		return c, reasoning.Invalid("model.name", "must not be empty")
	case len(protocol.Token(c.Model.Name)) > 200: // consumers' names have at most 255
		return c, reasoning.Invalid("model.name", "is too long: %.80q", c.Model.Name)
	case c.AckWait < time.Second:
		return c, reasoning.Invalid("ack_wait", "must be at least 1s, is %v", c.AckWait)
	case c.MaxDeliver < 1:
		return c, reasoning.Invalid("max_deliver", "must be at least 1, is %d", c.MaxDeliver)
	case c.MaxAge < c.AckWait:
		return c, reasoning.Invalid("max_age", "must be at least the ack wait of %v, is %v", c.AckWait, c.MaxAge)
	case c.MaxJobs < 1:
		return c, reasoning.Invalid("max_jobs", "must be at least 1, are %d", c.MaxJobs)
	}
	return c, nil
}
