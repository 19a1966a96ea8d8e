package main

import (
	"os"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

func TestCommandLineBecomesRequest(t *testing.T) {
	for _, test := range []struct {
		line  string
		check func(planner.Request) bool
	}{
		{"solve p", func(r planner.Request) bool {
			return r.Problem == "p" && r.Strategy == nil && *r.Seed == 1 && !r.Deadline.IsZero() &&
				r.Temperature == nil && r.MaxTokens == nil
		}},
		{"solve --strategy beam --n 16 --m 4 p", func(r planner.Request) bool {
			return r.Strategy == search.Beam{N: 16, M: 4, MaxLevels: 40}
		}},
		{"solve --strategy best-of-n p", func(r planner.Request) bool { return r.Strategy == search.BestOfN{N: 8} }},
		{"solve --strategy greedy p", func(r planner.Request) bool { return r.Strategy == search.Greedy{} }},
		{"solve --strategy best-of-n -n 3 --choice prod-vote p", func(r planner.Request) bool {
			return r.Strategy == search.BestOfN{N: 3} && *r.Choice == search.Choice{By: search.ByProd, Pick: search.PickVote}
		}},
		{"solve --effort high --policy-tokens 99 --temperature 0 p", func(r planner.Request) bool {
			return r.Effort == planner.EffortHigh && r.Budget.PolicyTokens == 99 && r.Temperature != nil && *r.Temperature == 0
		}},
		{"solve --think-max 200 --think-waits 2 --think-wait Hmm --think-mode force --think-advice steps " +
			"--think-steps 16 p", func(r planner.Request) bool {
			return *r.Thinking == backend.Thinking{
				Max: 200, Waits: 2, Wait: "Hmm", Mode: backend.ModeForce, Advice: backend.AdviceSteps, Steps: 16,
			}
		}},
		{"solve --think-waits 2 p", func(r planner.Request) bool {
			return *r.Thinking == backend.Thinking{Waits: 2, Mode: backend.ModeForce}
		}},
		{"solve --think-waits 2 --think-wait= p", func(r planner.Request) bool {
			return *r.Thinking == backend.Thinking{Waits: 2, EmptyWait: true, Mode: backend.ModeForce}
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
				t.Errorf("request %+v is not what the line describes", r)
			}
		})
	}
}

func TestErrorsOfFlagsNameTheValues(t *testing.T) {
	for line, want := range map[string]string{
		"solve --n=16 p": "--n: is a parameter of a strategy",
		"plan -n 64 p":   "use --samples",
		"solve --strategy majority --effort max p": "--effort: has no effect with --strategy",
		"plan --strategy majority --samples 256 p": "--samples: has no effect with --strategy",
		"solve --samples 64 --effort low p":        "--effort: has no effect with --samples",
		"solve --strategy greedy --n 8 p":          "greedy has no parameters",
		"solve --strategy dfs p":                   "must be one of [greedy majority best-of-n beam",
		"solve --effort huge p":                    "none minimal low medium high xhigh max",
		"solve --choice median p":                  "prod-vote",
		"solve --think-mode hard --think-max 9 p":  "force reject advise",
	} {
		if _, err := parse(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", line, err, want)
		}
	}
}

// parse returns the request of a command line.
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

// A problem that is too long is refused with the limit, and not cut.
func TestLongProblemsAreRefused(t *testing.T) {
	for n, refused := range map[int]bool{policy.MaxProblem: false, policy.MaxProblem + 1: true, policy.MaxProblem + 2: true, 1 << 22: true} {
		path := t.TempDir() + "/problem"
		if err := os.WriteFile(path, []byte(strings.Repeat("x", n)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		problem, err := readProblem(file)
		if (err != nil) != refused || err != nil && !strings.Contains(err.Error(), "problem: must have at most 65536 bytes, standard input has more") {
			t.Errorf("%d bytes: error %v", n, err)
		}
		if !refused && len(problem) != n {
			t.Errorf("%d bytes: got %d", n, len(problem))
		}
		_ = file.Close()
	}
}
