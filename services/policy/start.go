package policy

import "time"

// A Start reports that a worker began an attempt at a queued request.
type Start struct {
	Worker    string        // its name
	Attempt   int           // from 1
	QueueWait time.Duration // from the publication of the request to the start of this attempt
}
