package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tests' binary is also the command, so that it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("PONDER_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// benchRun runs a command line in this process and returns what it printed.
func benchRun(t *testing.T, line string, files ...any) (stdout, stderr string, err error) {
	t.Helper()
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	command, err := parser.Parse(strings.Fields("bench run " + fmt.Sprintf(line, files...)))
	if err != nil {
		t.Fatal(err)
	}
	command.BindTo(t.Context(), (*context.Context)(nil))
	stdout, stderr = capture(t, func() { err = command.Run(&output{json: c.JSON}) })
	return stdout, stderr, err
}

// ends is the end of a result's line, which differs from run to run: its timing, and the sum.
var ends = regexp.MustCompile(`,"timing":{"elapsed_seconds":[-0-9.e]+},"run":"([0-9a-f]{16})","sum":"[0-9a-f]{8}"}\n$`)

// lines returns the sorted lines of a file of results, without their timing and their sums, and without the
// command that began the file.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		result := ends.ReplaceAllString(line, "$1")
		if len(all) == 0 {
			result, _, _ = strings.Cut(line, `,"command":`)
		}
		if len(all) > 0 && result == line {
			t.Fatalf("a result does not end in its timing, run and sum: %s", line)
		}
		all = append(all, result)
	}
	slices.Sort(all)
	return all
}

const small = "--problems 3 --steps 2 --n 1,3 "

// Results do not depend on the store, on the order of strategies or on concurrent searches, byte by byte, except
// for their timing.
func TestBenchResultsDoNotDependOnTheStore(t *testing.T) {
	dir := t.TempDir()
	store, other := dir+"/store", dir+"/other"
	for i, line := range []string{
		"--concurrent 1",
		"--store " + store, // empty
		"--store " + store, // full
		"--store " + other + " --arms beam,best-of-n,majority,greedy --concurrent 3", // empty, filled by another first
		"--store " + other, // filled in another order
	} {
		before, _ := os.Stat(store)
		out := fmt.Sprintf("%s/%d.jsonl", dir, i)
		if _, _, err := benchRun(t, small+"--out %s "+line, out); err != nil {
			t.Fatal(err)
		}
		got := lines(t, out)
		if len(got) != 1+3*7 {
			t.Errorf("%d lines, want a header and 21 results", len(got))
		}
		if diff := cmp.Diff(got, lines(t, dir+"/0.jsonl")); diff != "" {
			t.Errorf("%s: (-got +without a store):\n%s", line, diff)
		}
		if after, _ := os.Stat(store); i == 2 && after.Size() != before.Size() {
			t.Errorf("a full store grew from %d to %d bytes", before.Size(), after.Size())
		}
	}
}

// A run that was killed three times and resumed ends with the results and the table of a run that was not killed.
func TestBenchResumesAfterKill(t *testing.T) {
	dir := t.TempDir()
	want, wantRows := dir+"/want.jsonl", ""
	wantRows, _, err := benchRun(t, small+"--out %s", want)
	if err != nil {
		t.Fatal(err)
	}
	out := dir + "/out.jsonl"
	before := 0
	for kill := range 4 {
		line := "bench run " + small + "--concurrent 2 --out " + out + " --store " + dir + "/store"
		if kill > 0 {
			line = "bench resume " + out
		}
		command := exec.Command(os.Args[0], strings.Fields(line)...)
		command.Env = append(os.Environ(), "PONDER_TEST_MAIN=1")
		stderr, err := command.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stdout strings.Builder
		command.Stdout = &stdout
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		output := bufio.NewScanner(stderr)
		for output.Scan() {
			if kill < 3 && strings.Contains(output.Text(), " left, ") { // the file has a result
				_ = command.Process.Kill()
			}
		}
		err = command.Wait()
		got := lines(t, out)
		if len(got) <= before {
			t.Errorf("run %d left %d lines, after %d before", kill, len(got), before)
		}
		before = len(got)
		if kill < 3 {
			t.Logf("killed with %d lines: %v", len(got), err)
			continue
		}
		if diff := cmp.Diff(got, lines(t, want)); err != nil || diff != "" {
			t.Errorf("error %v (-got +want):\n%s", err, diff)
		}
		if diff := cmp.Diff(stdout.String(), wantRows); diff != "" {
			t.Errorf("table (-got +want):\n%s", diff)
		}
	}
}

// A run with more arms adds to its file; a run with another configuration is refused.
func TestBenchRefusesAnotherConfiguration(t *testing.T) {
	out := t.TempDir() + "/out.jsonl"
	const set = "--set testdata/three.jsonl --out %s "
	if _, _, err := benchRun(t, set+"--arms greedy", out); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := benchRun(t, "--json "+set+"--arms greedy,majority --n 2", out)
	if err != nil || !strings.HasPrefix(stderr, "3 of 6 searches were done before\n") {
		t.Errorf("error %v, standard error %q", err, stderr)
	}
	rows := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(rows) != 2 || !json.Valid([]byte(rows[0])) || !strings.Contains(rows[1], `"strategy":"majority","n":2`) {
		t.Errorf("rows %q", rows)
	}
	got := lines(t, out)
	if len(got) != 7 || !strings.HasPrefix(got[1],
		`{"problem":"test/three/0.json","level":"1","arm":"greedy","n":1,"seed":1,`) {
		t.Errorf("lines %q", got)
	}
	for line, want := range map[string]string{
		"--seeds 2":                          "seeds: the file has [1], this run has [2]",
		"--policy-pocket pocket-0.8m":        `policy.name: the file has "pocket-0.3m", this run has "pocket-0.8m"`,
		"--verifier-pocket none":             "verifier.aggregator: the file has ",
		"--temperature 0.7":                  "sampling.temperature: the file has 0.8, this run has 0.7",
		"--problems 2":                       "problems.count: the file has 3, this run has 2",
		"--policy-pocket none-such":          "none-such",
		"--store testdata/three.jsonl":       "line 1 is corrupt",
		"--arms beam:m=4 --n 6":              "strategy.beam.m: must divide n = 6",
		"--verifier-pocket none --arms=beam": "no verifier configured",
	} {
		if _, _, err := benchRun(t, set+"--arms greedy "+line, out); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
	if after := lines(t, out); !slices.Equal(after, got) {
		t.Error("a refused run changed the file")
	}
}

// A damaged result is named, and neither resumed from nor reported. An incomplete last line is dropped, and an older
// file without sums is used; a warning says so.
func TestBenchSaysWhatItCannotTrust(t *testing.T) {
	out := t.TempDir() + "/out.jsonl"
	const set = "--set testdata/three.jsonl --arms greedy --out %s"
	if _, _, err := benchRun(t, set, out); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	report := func() (stderr string, err error) {
		_, stderr = capture(t, func() { err = (&benchReportCmd{Results: []string{out}}).Run(&output{}) })
		return stderr, err
	}
	older := regexp.MustCompile(`,"run":"[0-9a-f]{16}","sum":"[0-9a-f]{8}"`).ReplaceAll(whole, nil)
	for name, c := range map[string]struct {
		text             []byte
		warning, refused string
	}{
		"damage": {bytes.Replace(whole, []byte(`"seed":1`), []byte(`"seed":2`), 1), "",
			out + ": line 2: is damaged: its sum is "},
		"an incomplete line": {append(slices.Clone(whole), `{"problem":"test/th`...),
			out + ": the last line is incomplete, as after a crash: its 19 bytes are no result", ""},
		"an older file": {bytes.Replace(older, []byte(`"ponder_bench":2`), []byte(`"ponder_bench":1`), 1),
			out + ": 3 of 3 results are unchecked", ""},
	} {
		if bytes.Equal(c.text, whole) {
			t.Fatalf("%s: the file is unchanged:\n%s", name, whole)
		}
		if err := os.WriteFile(out, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		reported, err := report()
		_, resumed, err2 := benchRun(t, set, out)
		for _, err := range []error{err, err2} {
			if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: error %v, want %q", name, err, c.refused)
			}
		}
		for _, stderr := range []string{reported, resumed} {
			if !strings.Contains(stderr, c.warning) || c.warning == "" && strings.Contains(stderr, out+": ") {
				t.Errorf("%s: standard error %q, want %q", name, stderr, c.warning)
			}
		}
	}
}

// The error of a wrong command line names the flag and the rule. The command makes no file.
func TestBenchRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.jsonl")
	for line, want := range map[string]string{
		"--arms dfs":                   `strategy: "dfs" must be one of [greedy majority best-of-n beam`,
		"--n 0":                        "n: must be 1 to 4096, is 0",
		"--steps 2..99":                "--steps: must be in 1 to",
		"--steps few":                  `--steps: must be a number or a range such as 2..6, is "few"`,
		"--problems=-1":                "--problems: must not be negative",
		"--seeds 1,1":                  "seed 1 must not occur twice",
		"--concurrent 999":             "--concurrent: must be 0 to 128",
		"--temperature 3":              "--temperature: must be in [0,2]",
		"--timeout 0s":                 "--timeout: must be more than 0",
		"--addr localhost:1 --store x": "--store: must not be set with --addr",
		"--set testdata/none.jsonl":    "none.jsonl: no such file",
		"--set main_test.go":           "line 1: matches none of the formats [gsm8k math own pocket]",
		"--set testdata/three.jsonl --format aime":         `--format: "aime" must be one of [gsm8k math own pocket]`,
		"--set testdata/three.jsonl --format gsm8k":        `line 1: answer: must end in "#### N"`,
		"--set testdata/three.jsonl --problems 4":          "--problems: must be at most 3, the size of the set, is 4",
		"--set testdata/three.jsonl --problems 1 --half 2": "--half: half 2 of 1 problems is empty: use more problems",
	} {
		if _, _, err := benchRun(t, "--out %s "+line, out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused run made its file")
	}
}
