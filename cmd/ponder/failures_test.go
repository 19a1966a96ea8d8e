package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// solved is what a person sees of a search over a model server.
type solved struct {
	stdout string
	lines  []string // of standard error
	code   int
}

// solveOn solves a problem by majority of 64 over a stand-in with a mode, within a minute.
func solveOn(t *testing.T, mode modelservertest.Mode) (s solved) {
	natstest.Bubble(t, func(t *testing.T, nc *natsd.Server) {
		server := modelservertest.StartPiped(t, modelservertest.Options{
			Mode: mode, Text: []string{"The", " answer", " is", " \\boxed{4}", "."}, Pause: time.Second,
		})
		transport := server.Transport()
		if mode == modelservertest.ModeRefused {
			transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			}}
		}
		format, err := template.Lookup("steps")
		if err != nil {
			t.Fatal(err)
		}
		engine, err := openai.New(openai.Config{
			BaseURL: server.URL, Model: modelservertest.ModelName, Template: format, Transport: transport,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { engine.Close() })
		m, err := mesh.Start(t.Context(), mesh.Config{
			Policy: engine, Connect: func(name string) (*nats.Conn, error) { return nc.Connect(name) },
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
		stdout, stderr := capture(t, func() {
			request := planner.Request{
				Problem: "2+2?", Strategy: search.Majority{N: 64, Exhaustive: true}, Deadline: time.Now().Add(time.Minute),
			}
			out := &output{}
			s.code = end(out, (&solveCmd{}).solve(t.Context(), m.Planner, request, out), nil)
		})
		s.stdout, s.lines = stdout, strings.Split(strings.TrimSpace(stderr), "\n")
	})
	return s
}

// A person sees one line for one cause, however many of the 64 children it hits, without names of jobs; a search that
// fails ends with a remedy.
func TestOneLineForOneCause(t *testing.T) {
	for _, mode := range modelservertest.Modes() {
		t.Run(mode.String(), func(t *testing.T) {
			s := solveOn(t, mode)
			failed, named := 0, map[string]bool{}
			for _, line := range s.lines {
				if strings.Contains(line, "job @") {
					t.Errorf("the line %q names a job", line)
				}
				if strings.HasPrefix(line, "! ") || strings.HasPrefix(line, "ponder: ") {
					failed++
					if named[line] {
						t.Errorf("the line %q is twice", line)
					}
					named[line] = true
				}
			}
			last := s.lines[len(s.lines)-1]
			switch {
			case failed > 1:
				t.Errorf("%d lines for one cause:\n%s", failed, strings.Join(s.lines, "\n"))
			case s.code == 0 && (s.stdout != "4\n" || strings.HasPrefix(last, "ponder: ")):
				t.Errorf("standard output %q, and at last %q", s.stdout, last)
			case s.code == 1 && (s.stdout != "" || !strings.HasPrefix(last, "ponder: ") || !strings.HasSuffix(last, ")")):
				t.Errorf("standard output %q, and at last %q, want the cause and its remedy", s.stdout, last)
			case s.code > 1:
				t.Errorf("exit code %d", s.code)
			}
			t.Logf("%d: %s", s.code, last)
		})
	}
}

// Children that fail for the same cause are counted together, whatever job and worker they had; what was degraded says
// the same no second time.
func TestFailuresAreCountedByCause(t *testing.T) {
	failed := func(id, reason string) planner.Node {
		return planner.Node{ID: id, Depth: 1, State: search.StateFailed, Reason: reason}
	}
	events := func(err error) []planner.Event {
		return []planner.Event{
			{Search: "s", Nodes: []planner.Node{
				failed("0", "job @01ab: job given up after 4 attempts, the last by worker policy-0: refused"),
				failed("1", "job @02cd/x-1: job given up after 4 attempts, the last by worker policy-7: refused"),
				failed("2", "job @02cd: out of memory"),
			}},
			{Search: "s", State: planner.StateFailed, Nodes: []planner.Node{failed("2", "job @02cd: out of memory")},
				Outcome: &planner.Outcome{Err: err, Stop: planner.StopError, Degraded: []string{
					"some children failed: job @01ab: out of memory (1 times)", "difficulty was not estimated: job @01ab: refused",
				}}},
		}
	}
	for name, c := range map[string]struct {
		err  error
		want []string
		last string
	}{
		"by one of the causes": {errors.New("job @01ab: job given up after 4 attempts, the last by worker policy-0: refused"),
			[]string{"! 1 child failed: out of memory"}, "2 children failed, no answer: job given up after 4 attempts: refused"},
		"by another": {errors.New("spent"),
			[]string{"! 2 children failed: job given up after 4 attempts: refused", "! 1 child failed: out of memory"},
			"no answer: spent"},
	} {
		_, stderr := capture(t, func() {
			v := &view{out: &output{}, verbose: true}
			for _, e := range events(c.err) {
				if err := v.show(e); err != nil {
					t.Error(err)
				}
			}
			say("%v", v.end())
		})
		want := append([]string{"search s"}, c.want...)
		want = append(want, "note   difficulty was not estimated: refused",
			"bill   policy 0 generated, 0 prompt, 0 cached; verifier 0; difficulty 0 generated, 0 verifier",
			"took   0s, stopped: error", c.last)
		if diff := cmp.Diff(strings.Split(strings.TrimSpace(stderr), "\n"), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}

// The exit codes are those that the help and docs/operations.md state. An error says what to do.
func TestExitCodesAndRemedies(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		code   int
		remedy string
	}{
		"success":                         {nil, 0, ""},
		"interrupt":                       {fmt.Errorf("bench: %w", errInterrupted), 130, ""},
		"a wrong flag":                    {usageError{errors.New("x")}, 2, ""},
		"a field that breaks a rule":      {reasoning.Invalid("n", "must be 1"), 2, ""},
		"a search with an invalid field":  {searchError{reasoning.Invalid("problem", "must be ASCII"), 3}, 1, ""},
		"no answer":                       {searchError{planner.ErrNoAnswer, 0}, 1, "raise --max-tokens"},
		"a deadline":                      {searchError{context.DeadlineExceeded, 0}, 1, "--timeout"},
		"a service that is not reachable": {fmt.Errorf("x: %w", reasoning.ErrUnavailable), 1, "ponder doctor"},
		"an error with its own remedy":    {fmt.Errorf("%w (start it)", reasoning.ErrUnavailable), 1, ""},
		"another error":                   {errors.New("disk full"), 1, ""},
	} {
		if got := exitCode(c.err); got != c.code {
			t.Errorf("%s: exit code %d, want %d", name, got, c.code)
		}
		if c.err == nil {
			continue
		}
		if got := remedy(c.err); !strings.Contains(got, c.remedy) || (got == "") != (c.remedy == "") {
			t.Errorf("%s: remedy %q, want %q in it", name, got, c.remedy)
		}
	}
}

// With --json the last line of a command that fails is its error; the text is on standard error too.
func TestErrorsInJSON(t *testing.T) {
	for line, want := range map[string]string{
		"--json solve --stratgy beam p": `{"error":{"message":"unknown flag --stratgy, did you mean \"--strategy\"?","exit_code":2}}`,
		"solve p --choice foo --json": `{"error":{"message":"choice: \"foo\" must be one of ` +
			`[majority min-max min-vote last-max last-vote avg-max avg-vote prod-max prod-vote orm-max orm-vote certainty-max certainty-vote]",` +
			`"reason":"INVALID_ARGUMENT","field":"choice","exit_code":2}}`,
		"-j watch --addr 127.0.0.1:1 x": `{"error":{"message":"planner at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused ` +
			`(ponder doctor names what is missing, ponder dev starts a planner)","reason":"UNAVAILABLE","exit_code":1}}`,
		"solve --choice foo p": "",
	} {
		command := exec.Command(os.Args[0], strings.Fields(line)...)
		command.Env = append(os.Environ(), "PONDER_TEST_MAIN=1")
		var stdout, stderr strings.Builder
		command.Stdout, command.Stderr = &stdout, &stderr
		err := command.Run()
		if diff := cmp.Diff(strings.TrimSpace(stdout.String()), want); err == nil || diff != "" || !strings.HasPrefix(stderr.String(), "ponder: ") {
			t.Errorf("%s: error %v, standard error %q, standard output (-got +want):\n%s", line, err, stderr.String(), diff)
		}
	}
}

// The last line of a command that fails names the cause and what to do about it.
func TestErrorsOfCommandsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	garbage := dir + "/garbage"
	if err := os.WriteFile(garbage, []byte("garbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const closed = "127.0.0.1:1"
	for _, c := range []struct {
		line string
		code int
		want []string
	}{
		{"solve --addr " + closed + " p", 1, []string{closed, "connection refused (ponder doctor", "ponder dev starts a planner)"}},
		{"solve", 2, []string{"problem: must not be empty: give it as an argument, or - for standard input"}},
		{"solve --addr nowhere p", 2, []string{`--planner-addr: must be host:port, is "nowhere"`}},
		{"solve -n -5 p", 2, []string{`perhaps try --n="-5"`, "ponder solve --help"}},
		{"solve --n=x p", 2, []string{"--n: expected", "ponder solve --help"}},
		{"searches --most 0", 2, []string{"--most: must be at least 1"}},
		{"watch --addr " + closed + " x", 1, []string{"ponder doctor"}},
		{"queue show --nats-url nats://" + closed, 1, []string{"NATS at nats://" + closed, "start nats-server", "--nats-url"}},
		{"profile list --nats-url nats://" + closed, 1, []string{"start nats-server"}},
		{"profile show " + garbage, 1, []string{garbage, "(it is not the JSON that this command reads"}},
		{"trace " + dir + "/none", 1, []string{"no such file or directory (check the path)"}},
		{"bench report " + garbage, 1, []string{"is not the header of a results file: choose another file"}},
		{"bench resume " + garbage, 1, []string{"choose another file"}},
		{"bench run --problems 1 --arms greedy --out " + dir + "/none/x", 1, []string{"no such file or directory (check the path)"}},
		{"bench run --problems 1 --arms greedy --addr " + closed + " --out " + dir + "/x", 1,
			[]string{"arm greedy 1: dial tcp " + closed + ": connect: connection refused (ponder doctor names what is missing)"}},
		{"dev --policy-pocket none", 2, []string{"must be one of pocket-0.1m", "ponder dev --help"}},
		{"dev --policy-url http://x/v1", 2, []string{"--policy-model (PONDER_POLICY_MODEL): must name a model"}},
		{"dev --policy-slots=-5", 2, []string{"--policy-slots (PONDER_POLICY_SLOTS): must be at least 1"}},
		{"dev --solo-bills --state " + dir, 2, []string{"--state: has no effect beside --solo-bills"}},
		{"dev --memo " + dir + "/none/x", 1, []string{"(check the path)"}},
		{"demo --problems 0", 2, []string{"--problems: must be at least 1", "ponder demo --help"}},
		{"bench", 2, []string{`expected one of "run", "resume", "report"`, "ponder bench --help"}},
	} {
		var code int
		_, stderr := capture(t, func() { code = run(strings.Fields(c.line)) })
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		last := lines[len(lines)-1]
		for _, want := range c.want {
			if code != c.code || !strings.HasPrefix(last, "ponder: ") || !strings.Contains(last, want) {
				t.Errorf("%s: exit code %d, at last %q, want %d and %q in it", c.line, code, last, c.code, want)
			}
		}
	}
}
