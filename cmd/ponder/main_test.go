package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestHelpLeadsWithExamples(t *testing.T) {
	var c cli
	var out strings.Builder
	parser, err := newParser(&c, kong.Writers(&out, io.Discard), kong.Exit(func(int) { panic("done") }))
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = parser.Parse([]string{"--help"})
	}()
	if !strings.HasPrefix(out.String(), "Examples:") {
		t.Errorf("help begins with %.60q", out.String())
	}
	for _, command := range []string{"demo", "dev", "solve", "trace", "doctor"} {
		if !strings.Contains(out.String(), "\n  "+command) {
			t.Errorf("help lacks command %s", command)
		}
	}
}

// The words that people try first are commands: help, help of a command, and --version.
func TestHelpAndVersionAsWords(t *testing.T) {
	for line, want := range map[string]string{
		"help":           "Examples:\n",
		"help solve":     "Usage: ponder solve [<problem>] [flags]",
		"help bench run": "Usage: ponder bench run ",
		"--version":      "ponder ",
		"":               "Examples:\n",
	} {
		command := exec.Command(os.Args[0], strings.Fields(line)...)
		command.Env = append(os.Environ(), "PONDER_TEST_MAIN=1")
		text, err := command.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("ponder %s: error %v, printed %.100q, want %q", line, err, text, want)
		}
	}
}

// capture returns what f prints on standard output and standard error.
func capture(t *testing.T, f func()) (stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	oldOut, oldErr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = oldOut, oldErr }()
	var err error
	if os.Stdout, err = os.Create(dir + "/out"); err != nil {
		t.Fatal(err)
	}
	if os.Stderr, err = os.Create(dir + "/err"); err != nil {
		t.Fatal(err)
	}
	f()
	_ = os.Stdout.Close()
	_ = os.Stderr.Close()
	out, err := os.ReadFile(dir + "/out")
	if err != nil {
		t.Fatal(err)
	}
	errs, err := os.ReadFile(dir + "/err")
	if err != nil {
		t.Fatal(err)
	}
	return string(out), string(errs)
}
