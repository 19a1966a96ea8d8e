package telemetry

import (
	"log/slog"
	"sync"
	"time"
)

// An errorLog logs the errors of OpenTelemetry, at most one per minute, since exports to a
// collector that is down fail every few seconds.
type errorLog struct {
	log *slog.Logger

	mu     sync.Mutex
	next   time.Time
	hidden int
}

// Handle implements otel.ErrorHandler.
func (l *errorLog) Handle(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Before(l.next) {
		l.hidden++
		return
	}
	log := l.log
	if log == nil {
		log = slog.Default()
	}
	log.Warn("telemetry was not exported", "error", err, "hidden", l.hidden)
	l.next, l.hidden = now.Add(time.Minute), 0
}
