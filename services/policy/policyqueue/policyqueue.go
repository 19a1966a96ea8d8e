// Package policyqueue is a [policy.Policy] over NATS JetStream: what a [Client]
// asks for, any [Worker] does.
//
// The life of a job: the client splits a request into jobs of at most Cap
// siblings and publishes them; a worker with free slots pulls one, claims it (asks
// the client which children are missing), has its own Policy write those, and sends
// each as it finishes, by request on the search's subject; when the client says
// that none is missing, the worker acknowledges, which removes the job. A worker
// that dies leaves the job to another after AckWait. A child is taken once, whoever
// sends it. A job that nobody wants any more is deleted by its sequence and the
// worker that has it is told to stop.
package policyqueue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Config describes the queue of one model. All who use the queue must agree on it.
type Config struct {
	Model      reasoning.Model // that workers run; its name is in subjects
	Partitions int             // searches are spread over them, and each worker owns some; 0 is 1
	Cap        int             // most children of one job; 0 is 8
	AckWait    time.Duration   // without a sign of life, before a job goes to another worker; 0 is 10s
	MaxDeliver int             // attempts at a job; 0 is 4
	MaxAge     time.Duration   // that a job may reach; 0 is 1h
	MaxJobs    int64           // that may wait or run; 0 is 65536
	Replicas   int             // of the queue in a cluster; 0 is 1
	File       bool            // keep jobs in files; they can be asked for again, so memory will do
}

func (c Config) complete() (Config, error) {
	fill(&c.Partitions, 1)
	fill(&c.Cap, 8)
	fill(&c.AckWait, 10*time.Second)
	fill(&c.MaxDeliver, 4)
	fill(&c.MaxAge, time.Hour)
	fill(&c.MaxJobs, 1<<16)
	fill(&c.Replicas, 1)
	switch {
	case c.Model.Name == "":
		return c, reasoning.Invalid("model.name", "must not be empty")
	case len(token(c.Model.Name)) > 200: // consumers' names have at most 255
		return c, reasoning.Invalid("model.name", "is too long: %.80q", c.Model.Name)
	case c.Partitions < 1 || c.Partitions > 1024:
		return c, reasoning.Invalid("partitions", "must be 1 to 1024, are %d", c.Partitions)
	case c.Cap < 1:
		return c, reasoning.Invalid("cap", "must be at least 1, is %d", c.Cap)
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

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Subjects. A job is published on exp.MODEL.SEARCH.DEPTH and stored with its
// search's partition as exp.PARTITION.MODEL.SEARCH.DEPTH; where partitions are
// several, each job that is stored rings, without its body, on ring.PARTITION.….
const (
	streamName = "EXP"
	group      = "w" // the priority group of all consumers
)

func (c Config) subject(search string, depth int) string {
	return fmt.Sprintf("exp.%s.%s.%d", token(c.Model.Name), search, depth)
}

func (c Config) filter(partition int) string {
	return fmt.Sprintf("exp.%d.%s.>", partition, token(c.Model.Name))
}

func (c Config) consumer(partition int) string {
	return fmt.Sprintf("exp-%s-%d", token(c.Model.Name), partition)
}

func (c Config) rings() string { return "ring.*." + token(c.Model.Name) + ".>" }

// results is where whoever owns a search is told about its jobs.
func results(search string) string { return "res." + search }

// cancels is where workers are told what nobody wants any more: the message ids
// of jobs, one a line, or nothing, which means the whole search.
func cancels(search string) string { return "ctl.cancel." + search }

// token writes name as one token of a subject, which can also be part of a
// consumer's name: what is not a letter, digit, - or _ becomes =XX.
func token(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

// partitionIn reads the partition out of the subject of a stored job, or of its ring.
func partitionIn(subject string) (int, bool) {
	parts := strings.Split(subject, ".")
	if len(parts) != 5 {
		return 0, false
	}
	p, err := strconv.Atoi(parts[1])
	return p, err == nil
}

// searchIn reads the search out of the subject of a stored job.
func searchIn(subject string) string {
	parts := strings.Split(subject, ".")
	if len(parts) != 5 {
		return ""
	}
	return parts[3]
}
