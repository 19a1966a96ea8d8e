package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
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
			t.Errorf("help has no %s", command)
		}
	}
}

func TestCommandLineBecomesRequest(t *testing.T) {
	for _, test := range []struct {
		line  string
		check func(planner.Request) bool
	}{
		{"solve p", func(r planner.Request) bool {
			return r.Problem == "p" && r.Strategy == nil && *r.Seed == 1 && !r.Deadline.IsZero() && r.Temperature == nil && r.MaxTokens == nil
		}},
		{"solve --strategy beam --n 16 --m 4 p", func(r planner.Request) bool {
			return r.Strategy == search.Beam{N: 16, M: 4, MaxLevels: 40}
		}},
		{"solve --strategy best-of-n -n 3 --choice prod-vote p", func(r planner.Request) bool {
			return r.Strategy == search.BestOfN{N: 3} && *r.Choice == search.Choice{By: search.ByProd, Pick: search.PickVote}
		}},
		{"solve --effort high --policy-tokens 99 --temperature 0 p", func(r planner.Request) bool {
			return r.Effort == planner.EffortHigh && r.Budget.PolicyTokens == 99 && r.Temperature != nil && *r.Temperature == 0
		}},
		{"solve --think-max 200 --think-waits 2 --think-wait Hmm --think-mode force --think-advice steps --think-steps 16 p", func(r planner.Request) bool {
			return *r.Thinking == backend.Thinking{
				Max: 200, Waits: 2, Wait: "Hmm", Mode: backend.ModeForce, Advice: backend.AdviceSteps, Steps: 16,
			}
		}},
		{"solve p", func(r planner.Request) bool { return r.Thinking == nil }},
		{"plan --effort max p", func(r planner.Request) bool { return r.Effort == planner.EffortMax }},
	} {
		t.Run(test.line, func(t *testing.T) {
			r, err := parse(t, test.line)
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(r) {
				t.Errorf("%v", r)
			}
		})
	}
}

func TestWrongCommandLinesSayWhatIsAllowed(t *testing.T) {
	for line, want := range map[string]string{
		"solve --strategy dfs p":                  "must be one of [greedy majority best-of-n beam",
		"solve --effort huge p":                   "none minimal low medium high xhigh max",
		"solve --choice median p":                 "prod-vote",
		"solve --think-mode hard --think-max 9 p": "force reject advise",
	} {
		if _, err := parse(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", line, err, want)
		}
	}
}

// parse reads a command line and makes its request.
func parse(t *testing.T, line string) (planner.Request, error) {
	t.Helper()
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(strings.Fields(line)); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(line, "plan") {
		return c.Plan.request()
	}
	return c.Solve.request()
}

func TestHeldOutProblemsAreFixed(t *testing.T) {
	a, err := pocketSet(7, problems.Test, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pocketSet(7, problems.Test, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	steps := map[int]int{}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("problem %d is %v, then %v", i, a[i], b[i])
		}
		steps[a[i].Steps]++
	}
	if len(a) != 7 || steps[2] != 3 || steps[3] != 2 || steps[4] != 2 {
		t.Errorf("%d problems, by steps %v", len(a), steps)
	}
	if _, err := pocketSet(7, problems.Test, 2, 99); err == nil {
		t.Error("99 steps are no error")
	}
}

func TestViewShowsEachNodeOnceAndTheAnswerAlone(t *testing.T) {
	node := planner.Node{ID: "0", Depth: 1, State: search.StateFinished, Scored: true, Value: 0.5, Answer: "3"}
	events := []planner.Event{
		{Search: "s", State: planner.StateRunning, Nodes: []planner.Node{node}},
		{Search: "s", State: planner.StateSucceeded, Nodes: []planner.Node{node}, Outcome: &planner.Outcome{Answer: "3"}},
	}
	stdout, stderr := capture(t, func() {
		v := &view{out: &output{}, verbose: true}
		for _, e := range events {
			if err := v.show(e); err != nil {
				t.Error(err)
			}
		}
	})
	if stdout != "3\n" {
		t.Errorf("standard output is %q, want the answer alone", stdout)
	}
	if got := strings.Count(stderr, "✓ 0"); got != 1 {
		t.Errorf("node shown %d times in\n%s", got, stderr)
	}
	stdout, stderr = capture(t, func() {
		v := &view{out: &output{json: true}}
		for _, e := range events {
			if err := v.show(e); err != nil {
				t.Error(err)
			}
		}
	})
	if lines := strings.Split(strings.TrimSpace(stdout), "\n"); len(lines) != 2 || !json.Valid([]byte(lines[0])) || stderr != "" {
		t.Errorf("JSON: %q, and on standard error %q", stdout, stderr)
	}
}

// capture returns what f prints.
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
