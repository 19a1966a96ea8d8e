package state

import "time"

// A Notice tells clients of a search what a person should know.
type Notice struct {
	Kind NoticeKind
	Text string
	Time time.Time
}

// A NoticeKind sorts notices by what a client may do about them.
type NoticeKind int

const (
	NoticeQueued   NoticeKind = iota + 1 // the search waits for a worker
	NoticeWaiting                        // the search waits for a service that is down
	NoticeRetrying                       // a part of the search failed and is tried again
	NoticeDegraded                       // the search goes on in a lesser way than asked
)

func (k NoticeKind) String() string {
	return nameOf(k, "unknown", "queued", "waiting", "retrying", "degraded")
}
