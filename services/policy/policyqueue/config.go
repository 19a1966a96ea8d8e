package policyqueue

import (
	"cmp"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Config configures the queue of one model. All fields but Tracers and Telemetry must be
// the same in all processes that use the queue. Operators change [protocol.Settings] instead.
type Config struct {
	Model       reasoning.Model // that workers serve; subjects contain its name
	AckWait     time.Duration   // without a heartbeat before a job goes to another worker, at least 1s; 0 is 10s
	MaxAttempts int             // that may fail in a row before a client fails the job; 0 is 4
	MaxAge      time.Duration   // after which the queue drops a job, at least AckWait; 0 is 1h
	MaxJobs     int64           // in the queue, of all models; 0 is 65536
	Replicas    int             // of stream, consumers and buckets in a cluster of NATS servers, at most 5; 0 is 1
	File        bool            // store jobs in files, not in memory; planners request jobs again that are lost

	Tracers   trace.TracerProvider   // of the spans of jobs; nil: none
	Telemetry *telemetry.Instruments // of jobs and slots; nil: none
}

// complete returns c with defaults, validated.
func (c Config) complete() (Config, error) {
	c.AckWait = cmp.Or(c.AckWait, 10*time.Second)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 4)
	c.MaxAge = cmp.Or(c.MaxAge, time.Hour)
	c.MaxJobs = cmp.Or(c.MaxJobs, 1<<16)
	c.Replicas = cmp.Or(c.Replicas, 1)
	c.Telemetry = c.Telemetry.OrDiscard()
	token := len(protocol.Token(c.Model.Name))
	switch {
	case c.Model.Name == "":
		return c, reasoning.Invalid("model.name", "must not be empty")
	case token > maxToken:
		return c, reasoning.Invalid("model.name",
			"must have at most %d bytes, 3 for each byte that is not a letter, a digit, - or _; %.80q has %d",
			maxToken, c.Model.Name, token)
	case c.AckWait < time.Second:
		return c, reasoning.Invalid("ack_wait", "must be at least 1s, is %v", c.AckWait)
	case c.MaxAttempts < 1:
		return c, reasoning.Invalid("max_attempts", "must be at least 1, is %d", c.MaxAttempts)
	case c.MaxAge < c.AckWait:
		return c, reasoning.Invalid("max_age", "must be at least ack_wait, which is %v, is %v", c.AckWait, c.MaxAge)
	case c.Replicas < 1 || c.Replicas > 5:
		return c, reasoning.Invalid("replicas", "must be 1 to 5, is %d", c.Replicas)
	case c.MaxJobs < 1:
		return c, reasoning.Invalid("max_jobs", "must be at least 1, is %d", c.MaxJobs)
	}
	return c, nil
}

// maxToken is the length of the longest token of a model's name. JetStream allows names of
// consumers, which contain it, of 255 bytes.
const maxToken = 200
