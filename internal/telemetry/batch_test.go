package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestErrorLogIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := &errorLog{log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 13 { // every five seconds, for a minute
			log.Handle(errors.New("collector is down"))
			time.Sleep(5 * time.Second)
		}
		if got := strings.Count(out.String(), "\n"); got != 2 {
			t.Errorf("%d lines, want 2:\n%s", got, &out)
		}
		if !strings.Contains(out.String(), "hidden=11") {
			t.Errorf("does not count the hidden ones:\n%s", &out)
		}
	})
}
