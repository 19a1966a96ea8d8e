package policy

import "time"

// A Start reports that a worker began an attempt at a queued request.
type Start struct {
	Worker    string
	Attempt   int // from 1
	QueueWait time.Duration
}
