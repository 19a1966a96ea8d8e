package state

import "time"

// A Notice is a message for people about a search.
type Notice struct {
	Kind NoticeKind
	Text string
	Time time.Time
}

// A NoticeKind classifies notices by what a client may do about them.
type NoticeKind int

const (
	NoticeQueued   NoticeKind = iota + 1 // the search waits for a worker
	NoticeWaiting                        // the search waits for a service that throttles or cannot be reached
	NoticeRetrying                       // a worker repeats a job that failed
	NoticeDegraded                       // the search continues, degraded
)

func (k NoticeKind) String() string {
	return nameOf(k, "unknown", "queued", "waiting", "retrying", "degraded")
}
