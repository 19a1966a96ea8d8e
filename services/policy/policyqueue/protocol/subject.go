// Package protocol defines what clients and workers of the work queue send each
// other over NATS: the subjects, and the messages on them as Go values.
//
//	client                             JetStream                         worker
//	  Job on exp.MODEL.SEARCH.DEPTH  →  stream EXP, as
//	                                    exp.PARTITION.MODEL.SEARCH.DEPTH  ← pull
//	  notification, if there are several partitions: ring.PARTITION.…    →
//	  Reply                          ←→ Result on res.SEARCH (Claim, Child, Failure: requests)
//	  ids of jobs, or nothing, on ctl.cancel.SEARCH                      →
//	                                 ←  Result on res.SEARCH (Stopped: a plain message)
//	                                    the job is removed               ← ack
//
// Bodies are the messages of ponder.queue.v1.
package protocol

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	// Stream is the JetStream stream that holds jobs.
	Stream = "EXP"
	// Subjects matches the subjects of all jobs, as published and as stored.
	Subjects = "exp.>"
	// Notifications is where JetStream republishes each stored job, without its body:
	// Subjects with this in place of the first token.
	Notifications = "ring.>"
	// PriorityGroup is the priority group of all consumers.
	PriorityGroup = "w"
	// MaxDeliveries matches the subjects of the advisories that JetStream sends when it
	// has delivered a job as often as its consumer allows. The job stays in the stream.
	MaxDeliveries = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + Stream + ".*"
)

// JobSubject returns the subject on which a job is published.
func JobSubject(model, search string, depth int) string {
	return fmt.Sprintf("exp.%s.%s.%d", Token(model), search, depth)
}

// Transform returns the source and destination of the subject transform that puts
// the partition of a job's search, of so many, into the job's subject.
func Transform(partitions int) (source, destination string) {
	return "exp.*.*.*",
		fmt.Sprintf("exp.{{partition(%d,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}", partitions)
}

// Partitions returns of how many partitions a subject transform with this destination
// is; 0 if it is not by Transform.
func Partitions(destination string) (partitions int) {
	fmt.Sscanf(destination, "exp.{{partition(%d,", &partitions)
	return partitions
}

// JobFilter matches the stored jobs of a model in one partition.
func JobFilter(model string, partition int) string {
	return fmt.Sprintf("exp.%d.%s.>", partition, Token(model))
}

// SearchFilter matches the stored jobs of a search.
func SearchFilter(search string) string { return "exp.*.*." + search + ".*" }

// NotificationFilter matches the notifications of a model's jobs.
func NotificationFilter(model string) string { return "ring.*." + Token(model) + ".>" }

// Consumer returns the name of the consumer of a model's jobs in one partition.
func Consumer(model string, partition int) string {
	return fmt.Sprintf("exp-%s-%d", Token(model), partition)
}

// ParseConsumer reads the model and the partition out of a consumer's name.
func ParseConsumer(name string) (model string, partition int, ok bool) {
	rest, ok := strings.CutPrefix(name, "exp-")
	i := strings.LastIndexByte(rest, '-')
	if !ok || i < 0 {
		return "", 0, false
	}
	partition, err := strconv.Atoi(rest[i+1:])
	if err != nil {
		return "", 0, false
	}
	model, err = url.PathUnescape(strings.ReplaceAll(rest[:i], "=", "%")) // a token has neither of them else
	return model, partition, err == nil
}

// NextSubject returns the subject of requests for a job of a consumer.
func NextSubject(consumer string) string {
	return "$JS.API.CONSUMER.MSG.NEXT." + Stream + "." + consumer
}

// ResultSubject returns the subject of results of a search's jobs.
func ResultSubject(search string) string { return "res." + search }

// CancelSubject returns the subject that says which jobs of a search are cancelled:
// the message id of one, or nothing, which means all. "*" matches every search.
func CancelSubject(search string) string { return "ctl.cancel." + search }

// Token writes a name as one token of a subject, which can also be part of a
// consumer's name or a key: what is not a letter, digit, - or _ becomes =XX.
func Token(name string) string {
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

// ParseSubject reads the partition and the search out of the subject of a stored job
// or of its notification.
func ParseSubject(subject string) (partition int, search string, ok bool) {
	parts := strings.Split(subject, ".")
	if len(parts) != 5 {
		return 0, "", false
	}
	partition, err := strconv.Atoi(parts[1])
	return partition, parts[3], err == nil
}
