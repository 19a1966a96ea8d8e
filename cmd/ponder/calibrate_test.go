package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/services/planner/profile"
	policyengine "github.com/ponder-mesh/ponder/services/policy/engine"
)

// command runs a command line in this process and returns what it printed.
func command(t *testing.T, line string) (stdout, stderr string, err error) {
	t.Helper()
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(strings.Fields(line))
	if err != nil {
		return "", "", err
	}
	parsed.BindTo(t.Context(), (*context.Context)(nil))
	stdout, stderr = capture(t, func() { err = parsed.Run(&output{json: c.JSON}) })
	return stdout, stderr, err
}

// killed runs a command line in a process that is killed after so many lines of
// progress, or ends by itself.
func killed(t *testing.T, line string, after int) {
	t.Helper()
	command := exec.Command(os.Args[0], strings.Fields(line)...)
	command.Env = append(os.Environ(), "PONDER_TEST_MAIN=1")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	output := bufio.NewScanner(stderr)
	for lines := 0; output.Scan(); {
		if strings.Contains(output.Text(), " left, ") {
			if lines++; lines == after {
				_ = command.Process.Kill()
			}
		}
	}
	t.Logf("%s: %v", line, command.Wait())
}

const grid = "--problems 20 --steps 2 --arms majority,best-of-n --budgets 1,4 --oracle 8 --latency 0 "

// profileOf returns the profile of a directory, without the command that made it.
func profileOf(t *testing.T, dir string) *profile.Profile {
	t.Helper()
	p, err := profile.Load(dir + "/profile.json")
	if err != nil {
		t.Fatal(err)
	}
	p.Command = ""
	return p
}

// A calibration that was killed three times and repeated ends with the results and the profile of a
// calibration that was not killed, byte by byte.
func TestCalibrateResumesAfterKill(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := command(t, "calibrate "+grid+"--out "+dir+"/want"); err != nil {
		t.Fatal(err)
	}
	got := dir + "/got"
	for range 3 {
		killed(t, "calibrate "+grid+"--concurrent 2 --out "+got, 1)
	}
	if _, err := os.Stat(got + "/profile.json"); err == nil {
		t.Error("the calibration ended before it was killed: kill earlier")
	}
	if _, _, err := command(t, "calibrate "+grid+"--out "+got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines(t, got+"/results.jsonl"), lines(t, dir+"/want/results.jsonl")); diff != "" {
		t.Errorf("results (-got +want):\n%s", diff)
	}
	a, b := profileOf(t, got), profileOf(t, dir+"/want")
	one, err1 := json.Marshal(a)
	two, err2 := json.Marshal(b)
	if string(one) != string(two) || err1 != nil || err2 != nil {
		t.Errorf("profile (-got +want):\n%s", cmp.Diff(string(one), string(two)))
	}
}

// Planned searches follow the profile of a calibration, and a report reads the calibration's results.
func TestPlannedSearchesFollowACalibration(t *testing.T) {
	dir := t.TempDir()
	timed := strings.Replace(grid, "--latency 0", "--latency 1", 1)
	stdout, _, err := command(t, "calibrate "+timed+"--name mine --out "+dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout, "one for all") {
		t.Errorf("printed\n%s", stdout)
	}
	p := profileOf(t, dir)
	if p.Name != "mine" || p.Policy.Name != "pocket-0.3m" || p.Verifier.Name != "pocket-prm" || len(p.Budgets) != 2 ||
		len(p.Estimators) < 4 || p.Budgets[1].Uniform.Seconds <= 0 {
		t.Errorf("profile %+v", p)
	}
	planned := "bench run --arms planned --n 1,4 --problems 4 --steps 2"
	planned += fmt.Sprintf(" --profile %s/profile.json --store %s/samples.store --out %s/planned.jsonl", dir, dir, dir)
	if _, _, err := command(t, planned); err != nil {
		t.Fatal(err)
	}
	for i, line := range lines(t, dir+"/planned.jsonl") {
		if want := p.Budgets[1].Uniform.Strategy; i > 0 && strings.Contains(line, `"n":4,`) && !p.Budgets[1].Adaptive &&
			!strings.Contains(line, `"plan":"`+want) {
			t.Errorf("planned %s, want %s", line, want)
		}
	}
	report := fmt.Sprintf("bench report --out %s/report %s/results.jsonl %s/planned.jsonl", dir, dir, dir)
	if _, _, err := command(t, report); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(dir + "/report/report.md"); err != nil ||
		!strings.Contains(string(text), "efficiency, tokens") {
		t.Errorf("report, error %v:\n%s", err, text)
	}
	if _, _, err := command(t, "profile show "+dir+"/profile.json"); err != nil {
		t.Error(err)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"--budgets 4,1":           "budgets: must be at least 1, ascending and distinct",
		"--bins deciles":          `bins: "deciles" must be`,
		"--arms planned":          "--arms: must be strategies",
		"--arms dfs":              `strategy: "dfs" must be one of`,
		"--oracle 4096":           "--oracle: must be 0 to 2048",
		"--latency=-1":            "--latency: must not be negative",
		"--problems 10":           "problems: must be 20 or more",
		"--half 3 --problems 100": "--half: must be 0, 1 or 2",
		"--temperature 3":         "--temperature: must be in [0,2]",
	} {
		if _, _, err := command(t, "calibrate --out "+t.TempDir()+" "+line); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}

// The shipped profile is for the shipped models. A new profile is needed when a model is trained again.
func TestShippedProfileIsOfTheShippedModels(t *testing.T) {
	p, err := profile.Load("../../profiles/pocket-0.3m.json")
	if err != nil {
		t.Fatal(err)
	}
	models, err := modelFlags{Policy: policyengine.Config{Pocket: "pocket-0.3m"}}.open()
	if err != nil {
		t.Fatal(err)
	}
	defer models.close()
	policy, err1 := models.policy.Model(t.Context())
	rewardModel, err2 := models.verifier.RewardModel(t.Context())
	if err1 != nil || err2 != nil || !p.Matches(policy.Model, &rewardModel) {
		t.Errorf("the profile is for %+v and %+v; the models are %+v and %+v (errors %v, %v): make calibration", p.Policy,
			p.Verifier, policy, rewardModel, err1, err2)
	}
}
