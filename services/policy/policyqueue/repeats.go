package policyqueue

import (
	"context"
	"log/slog"
	"regexp"
	"sync"
	"time"
)

const (
	// repeatsEvery is how often a repeated cause is logged.
	repeatsEvery = time.Minute
	// maxCauses is how many causes a repeats distinguishes. It logs further ones as they come.
	maxCauses = 64
)

// A repeats logs a cause once, however many jobs it hits: the first time at once, and then how often
// it came again within repeatsEvery. Texts that differ in numbers alone are one cause.
type repeats struct {
	worker string

	mu     sync.Mutex
	causes map[string]*cause
}

// A cause is a message and an error that were logged.
type cause struct {
	level slog.Level
	msg   string
	err   error
	again int // since the last line
	timer *time.Timer
}

func newRepeats(worker string) *repeats {
	return &repeats{worker: worker, causes: make(map[string]*cause)}
}

var numbers = regexp.MustCompile(`[0-9]+`)

// log logs msg with err and the attributes args, or counts it.
func (r *repeats) log(level slog.Level, msg string, err error, args ...any) {
	key := msg + numbers.ReplaceAllLiteralString(err.Error(), "0")
	r.mu.Lock()
	c, known := r.causes[key]
	switch {
	case known:
		c.again++
	case len(r.causes) < maxCauses:
		c = &cause{level: level, msg: msg, err: err}
		c.timer = time.AfterFunc(repeatsEvery, func() { r.summarize(key) })
		r.causes[key] = c
	}
	r.mu.Unlock()
	if !known {
		slog.Log(context.Background(), level, msg, append([]any{"worker", r.worker, "error", err}, args...)...)
	}
}

// summarize logs how often a cause came again, and forgets it if it did not.
func (r *repeats) summarize(key string) {
	r.mu.Lock()
	c := r.causes[key]
	if c == nil {
		r.mu.Unlock()
		return
	}
	repeated := *c
	c.again = 0
	if repeated.again == 0 {
		delete(r.causes, key)
	} else {
		c.timer.Reset(repeatsEvery)
	}
	r.mu.Unlock()
	r.print(repeated)
}

// print logs how often a cause came again, if it did.
func (r *repeats) print(c cause) {
	if c.again > 0 {
		slog.Log(context.Background(), c.level, c.msg, "worker", r.worker, "error", c.err, "again", c.again)
	}
}

// close logs what came again, and stops.
func (r *repeats) close() {
	r.mu.Lock()
	causes := r.causes
	r.causes = make(map[string]*cause)
	r.mu.Unlock()
	for _, c := range causes {
		c.timer.Stop()
		r.print(*c)
	}
}
