package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

var update = flag.Bool("update", false, "write the golden files")

// hostile holds solutions of a policy that writes to the terminal of a person: a title, a cleared screen, reversed
// digits, hidden digits, an overwritten line, a line that looks like one of ponder's, and a control character of C1.
var hostile = []string{
	"\x1b]0;pwned\a12+7=19\n\nThe answer is 19\x1b[2J",
	"The answer is \u202e91\u202c",
	"The answer is 1\u200b8",
	"wrong\rThe answer is 20",
	"a step\nbill   policy 0 generated\nThe answer is 21",
	"\u009b31mThe answer is 22",
}

// A person sees what a hostile model and its server write as escapes, each on its line; JSON has the text itself.
func TestHostileTextIsEscaped(t *testing.T) {
	if text := strings.Join(hostile, ""); strings.IndexFunc(text, hidden) < 0 {
		t.Fatalf("the test has nothing to escape in %q", text)
	}
	var stdout, stderr string
	for _, asJSON := range []bool{false, true} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			m := startHostile(t, s)
			majority, err := strategies.New("majority", fmt.Sprint("n=", len(hostile)+1))
			if err != nil {
				t.Fatal(err)
			}
			stdout, stderr = capture(t, func() {
				request := planner.Request{Problem: "12+7?", Strategy: majority, Deadline: time.Now().Add(time.Hour)}
				if err := (&solveCmd{}).solve(t.Context(), m.Planner, request, &output{json: asJSON}); err != nil {
					t.Error(err)
				}
			})
		})
		if at := strings.IndexFunc(stdout+stderr, hidden); at >= 0 {
			t.Errorf("a terminal gets %q", (stdout + stderr)[at:])
		}
		if asJSON {
			sameText(t, stdout)
			continue
		}
		got := "standard output:\n" + stdout + "standard error:\n" + stderr
		got = strings.ReplaceAll(got, strings.Fields(stderr)[1], "ID")
		golden(t, "hostile.txt", regexp.MustCompile(`job @\w+`).ReplaceAllString(got, "job @JOB"))
	}
}

// startHostile starts a mesh with a policy of the hostile solutions, one each minute, after which its server fails.
func startHostile(t *testing.T, s *natsd.Server) *mesh.Mesh {
	m, err := mesh.Start(t.Context(), mesh.Config{
		Connect: func(name string) (*nats.Conn, error) { return s.Connect(name) },
		Policy: &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
			reply := policytest.Reply{Delay: time.Duration(ordinal+1) * time.Minute}
			if ordinal == len(hostile) {
				reply.Err = reasoning.Invalid("problem", "the server says \x1b]52;c;cm0gLXJm\a\nand more")
				return reply
			}
			reply.Child = policy.Child{
				Steps: []reasoning.Step{{Text: hostile[ordinal], Tokens: len(hostile[ordinal])}}, Finish: reasoning.FinishEnd,
			}
			return reply
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return m
}

// hidden reports whether a terminal acts on r, or does not show it.
func hidden(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }

// sameText checks that events in JSON have the text of the model unchanged.
func sameText(t *testing.T, stdout string) {
	texts := map[string]bool{}
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				collect(e)
			}
		case []any:
			for _, e := range v {
				collect(e)
			}
		case string:
			texts[v] = true
		}
	}
	for line := range strings.Lines(stdout) {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		collect(v)
	}
	for _, text := range hostile {
		if !texts[text] {
			t.Errorf("JSON lacks the text %q", text)
		}
	}
}

// golden compares text with a file of testdata, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// The command's log, which is text, escapes its values too.
func TestLogIsEscaped(t *testing.T) {
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Warn(hostile[0], "error", errors.New(strings.Join(hostile, "")))
	if strings.IndexFunc(b.String(), hidden) >= 0 || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("the log has %q", b.String())
	}
}

// Errors that are joined have a line each; a line break within one makes none.
func TestFailPrintsALineForEachError(t *testing.T) {
	_, stderr := capture(t, func() {
		fail(errors.Join(errors.New("a\nponder: b"), fmt.Errorf("c: %w", errors.New("\x1b[2J"))), "")
	})
	if want := "ponder: a\\nponder: b\nponder: c: \\x1b[2J\n"; stderr != want {
		t.Errorf("printed %q, want %q", stderr, want)
	}
}

// A command that printed by itself would print text from outside unescaped: only output.go has the streams.
func TestOnlyOutputPrints(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "output.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, stream := range []string{"os.Stdout", "os.Stderr", "fmt.Print"} {
			if strings.Contains(string(text), stream) && !(file == "log.go" && stream == "os.Stderr") { // the log's
				t.Errorf("%s uses %s: print with say or with the methods of output", file, stream)
			}
		}
	}
}
