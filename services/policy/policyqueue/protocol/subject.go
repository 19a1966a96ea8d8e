package protocol

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// Subjects matches the subjects of all jobs, as published and as stored.
	Subjects = "exp.>"
	// Notifications is where JetStream republishes each stored job, without its body. The
	// subject of a notification is that of the stored job with "ring" as the first token.
	Notifications = "ring.>"
	// MaxDeliveries matches the subjects of the advisories that JetStream sends when it
	// has delivered a job as often as its consumer allows. The job stays in the stream.
	MaxDeliveries = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + Stream + ".*"
	// Terminations matches the subjects of the advisories that JetStream sends when a worker
	// has removed a job that is not done.
	Terminations = "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED." + Stream + ".*"
)

// JobSubject returns the subject on which a job is published.
func JobSubject(model, search string, depth int) string {
	return fmt.Sprintf("exp.%s.%s.%d", Token(model), search, depth)
}

// JobFilter matches the stored jobs of a model in one partition.
func JobFilter(model string, partition int) string {
	return fmt.Sprintf("exp.%d.%s.>", partition, Token(model))
}

// SearchFilter matches the stored jobs of a search.
func SearchFilter(search string) string { return "exp.*.*." + search + ".*" }

// NotificationFilter matches the notifications of a model's jobs.
func NotificationFilter(model string) string { return "ring.*." + Token(model) + ".>" }

// NotificationSubject returns the subject of the notification of a stored job with this subject.
func NotificationSubject(job string) string { return "ring" + strings.TrimPrefix(job, "exp") }

// ResultSubject returns the subject of results of a search's jobs.
func ResultSubject(search string) string { return "res." + search }

// CancelSubject returns the subject on which clients cancel jobs of a search. The body is
// the message id of one job; an empty body cancels all. "*" matches every search.
func CancelSubject(search string) string { return "ctl.cancel." + search }

// ParseSubject returns the partition and the search in the subject of a stored job or of
// its notification.
func ParseSubject(subject string) (partition int, search string, ok bool) {
	parts := strings.Split(subject, ".")
	if len(parts) != 5 {
		return 0, "", false
	}
	partition, err := strconv.Atoi(parts[1])
	return partition, parts[3], err == nil
}

// Token escapes a name for use as one token of a subject, and as part of a consumer's name
// or a key: each byte that is not a letter, a digit, - or _ becomes =XX, in hexadecimal.
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
