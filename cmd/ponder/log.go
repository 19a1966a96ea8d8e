package main

import (
	"log/slog"
	"os"

	"github.com/ponder-mesh/ponder/internal/printable"
)

// newLog returns a log for a person: a line of text on standard error for each record from a level.
func newLog(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(printable.NewWriter(os.Stderr), &slog.HandlerOptions{Level: level}))
}
