package serve

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/printable"
)

// newLog returns the log of a service: a line of JSON for each record from the level of s.
func newLog(w io.Writer, s *Settings) *slog.Logger {
	handler := slog.NewJSONHandler(printable.NewJSONWriter(w), &slog.HandlerOptions{Level: &s.LogLevel})
	return slog.New(handler).With("service", s.Name())
}

// levels has the levels of a log.
var levels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// logLevel is the flag.Value of the level of a log. It takes the names of levels only, not slog's offsets ("INFO+2").
type logLevel struct{ level *slog.LevelVar }

// Set implements flag.Value.
func (l *logLevel) Set(name string) error {
	i := slices.IndexFunc(levels, func(level slog.Level) bool { return strings.ToLower(level.String()) == name })
	if i < 0 {
		return fmt.Errorf("log level %q must be debug, info, warn or error", name)
	}
	l.level.Set(levels[i])
	return nil
}

// String implements flag.Value.
func (l *logLevel) String() string {
	if l.level == nil { // package flag makes a zero value
		return ""
	}
	return strings.ToLower(l.level.Level().String())
}
