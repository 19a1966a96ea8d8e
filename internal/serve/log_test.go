package serve

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// The log has the records from the level that the flag or the variable names; another value is refused by its name.
func TestLogLevel(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  string
		want string // messages
		err  string
	}{
		"default":     {nil, "", "INFO WARN ERROR", ""},
		"debug":       {[]string{"-log-level", "debug"}, "", "DEBUG INFO WARN ERROR", ""},
		"info":        {[]string{"-log-level", "info"}, "", "INFO WARN ERROR", ""},
		"environment": {nil, "warn", "WARN ERROR", ""},
		"flag wins":   {[]string{"-log-level=error"}, "debug", "ERROR", ""},
		"unknown": {
			[]string{"-log-level", "loud"}, "", "", `-log-level: log level "loud" must be debug, info, warn or error`,
		},
		"offset":   {[]string{"-log-level", "INFO+2"}, "", "", `log level "INFO+2" must be`},
		"variable": {nil, "verbose", "", `PONDER_PLANNER_LOG_LEVEL="verbose": log level "verbose" must be`},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSettings("planner", 7700, 7790, 0)
			s.SetOutput(io.Discard)
			err := s.Parse(c.args, func(key string) (string, bool) {
				return c.env, key == "PONDER_PLANNER_LOG_LEVEL" && c.env != ""
			})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got error %v, want %q in it", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			log := newLog(&out, s)
			var got []string
			for _, level := range levels {
				out.Reset()
				log.Log(context.Background(), level, "m")
				if strings.Contains(out.String(), `"level":"`+level.String()+`","msg":"m","service":"planner"}`) {
					got = append(got, level.String())
				} else if out.Len() > 0 {
					t.Errorf("got record %s", &out)
				}
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The usage names the default level and its variable.
func TestLogLevelUsage(t *testing.T) {
	var usage strings.Builder
	s := NewSettings("planner", 7700, 7790, 0)
	s.SetOutput(&usage)
	s.usage()
	if want := "-log-level level\n"; !strings.Contains(usage.String(), want) {
		t.Errorf("usage has no %q:\n%s", want, &usage)
	}
	if want := "(PONDER_PLANNER_LOG_LEVEL, default info)"; !strings.Contains(usage.String(), want) {
		t.Errorf("usage has no %q:\n%s", want, &usage)
	}
	if got := s.LogLevel.Level(); got != slog.LevelInfo {
		t.Errorf("level %v, want info", got)
	}
}
