package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

var head = Header{
	Policy:   reasoning.Model{Name: "p", Version: "1", Tokenizer: "bytes", Template: "plain", Parameters: 10},
	Verifier: verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorMin},
	Problems: profile.Problems{Set: "set", Count: 2, SHA256: "abc"}, Seeds: []uint64{1, 2},
	Sampling: reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: 64},
}

// example returns tasks and their results.
func example(t *testing.T) (tasks [][]Task, results map[Key]Result) {
	t.Helper()
	arms, err := Arms([]string{"greedy", "beam"}, []int{4})
	if err != nil {
		t.Fatal(err)
	}
	tasks, err = Tasks([]problemset.Problem{{ID: "ä", Answer: "3"}, {ID: "b\n\"", Answer: "4", Level: "hard"}}, arms,
		[]uint64{1})
	if err != nil {
		t.Fatal(err)
	}
	results = map[Key]Result{}
	for i, task := range slices.Concat(tasks...) {
		results[task.Key()] = Result{
			Problem: task.Problem.ID, Level: task.Problem.Level, Arm: task.Arm, Seed: task.Seed,
			Outcome: Outcome{
				Right: i%2 == 0, Answer: fmt.Sprint(i), Expected: task.Problem.Answer, Stop: "complete",
				Tokens: Tokens{Generated: int64(i)}, FLOPs: FLOPs{Policy: 1e9 + 0.5}, Timing: Timing{0.25},
			},
		}
	}
	return tasks, results
}

// resume appends the results that are missing, and returns the file's text.
func resume(t *testing.T, path string, h Header, tasks [][]Task, results map[Key]Result) string {
	t.Helper()
	log, recorded, err := OpenLog(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range slices.Concat(Remaining(tasks, recorded)...) {
		if err := log.Append(results[task.Key()]); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A run that was killed at any byte is resumed and ends with the same file.
func TestLogResumesAfterAnyByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	whole := resume(t, path, head, tasks, results)
	if n := strings.Count(whole, "\n"); n != 5 {
		t.Fatalf("%d lines, want a header and 4 results", n)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, []byte(whole[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := resume(t, path, head, tasks, results); got != whole {
			t.Fatalf("cut at %d (-got +want):\n%s", cut, cmp.Diff(got, whole))
		}
	}
	_, recorded, err := OpenLog(path, head)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recorded {
		if diff := cmp.Diff(r, results[r.Key()]); diff != "" {
			t.Errorf("read back (-got +want):\n%s", diff)
		}
	}
}

// A file of another configuration is refused; the error names the field.
func TestLogOfAnotherConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	whole := resume(t, path, head, tasks, results)
	for field, change := range map[string]func(*Header){
		"planner":              func(h *Header) { h.Planner = "localhost:1" },
		"policy.name":          func(h *Header) { h.Policy.Name = "q" },
		"policy.template":      func(h *Header) { h.Policy.Template = "chat" },
		"verifier.version":     func(h *Header) { h.Verifier.Version = "2" },
		"verifier.aggregator":  func(h *Header) { h.Verifier.Aggregator = 0 },
		"problems.set":         func(h *Header) { h.Problems.Set = "other" },
		"problems.count":       func(h *Header) { h.Problems.Count = 3 },
		"problems.sha256":      func(h *Header) { h.Problems.SHA256 = "abd" },
		"seeds":                func(h *Header) { h.Seeds = []uint64{1} },
		"sampling.temperature": func(h *Header) { h.Sampling.Temperature = 1 },
		"sampling.max_tokens":  func(h *Header) { h.Sampling.MaxTokens = 65 },
	} {
		other := head
		change(&other)
		if _, _, err := OpenLog(path, other); err == nil || !strings.Contains(err.Error(),
			path+": "+field+": the file has ") {
			t.Errorf("another %s: error %v, want one that names it", field, err)
		}
	}
	if text, err := os.ReadFile(path); string(text) != whole || err != nil {
		t.Errorf("a refused file was changed, or error %v", err)
	}
}

// ReadLog distinguishes a file of another format, which has another remedy, from other files.
func TestReadLogOfAnotherFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	for text, want := range map[string]string{
		"{\"ponder_bench\":2}\n": "ponder_bench: must be 1, is 2: use the version of ponder that wrote the file",
		"{}\n":                   "line 1 is not the header of a results file",
		"notes\n":                "line 1 is not the header of a results file",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadLog(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// Older files contain empty fields, which newer files omit.
func TestLogOfEmptyFields(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	before := `{"ponder_bench":1,"planner":"","policy":{"name":"p","version":"","tokenizer":"","template":"","parameters":0},` +
		`"verifier":{"name":"","version":"","tokenizer":"","template":"","parameters":0},"problems":{"set":"","count":0,"sha256":""},` +
		`"seeds":[1],"sampling":{"temperature":0,"top_p":0,"max_tokens":0}}` + "\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	h := Header{Policy: reasoning.Model{Name: "p"}, Seeds: []uint64{1}}
	log, _, err := OpenLog(path, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	h.Policy.Version = "1"
	if _, _, err := OpenLog(path, h); err == nil || !strings.Contains(err.Error(),
		`policy.version: the file has none, this run has "1"`) {
		t.Errorf("error %v, want one that names policy.version", err)
	}
}

// A file that is not a results file is refused and stays unchanged.
func TestLogRefusesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	whole := resume(t, path, head, tasks, results)
	lines := strings.SplitAfter(whole, "\n")
	for name, test := range map[string]struct{ text, want string }{
		"notes without a newline": {"my notes", "line 1 is not the header"},
		"notes":                   {"my\nnotes\n", "line 1 is not the header"},
		"other JSON":              {"{}\n", "line 1 is not the header"},
		"a newer format": {strings.Replace(whole, `"ponder_bench":1`, `"ponder_bench":2`, 1),
			"ponder_bench: the file has 2, this run has 1"},
		"damage":          {lines[0] + lines[1] + "{\n" + lines[2], "line 3: "},
		"a second header": {lines[0] + lines[0], "line 2: "},
		"an empty result": {lines[0] + "{}\n", "line 2: not a result"},
		"a newer field": {lines[0] + strings.Replace(lines[1], "{", `{"mood":1,`, 1),
			`line 2: json: unknown field "mood"`},
		"a result twice": {lines[0] + lines[1] + lines[2] + lines[1],
			"line 4: repeats line 2, problem ä with greedy 1 and seed 1"},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := OpenLog(path, head); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
		if text, err := os.ReadFile(path); string(text) != test.text || err != nil {
			t.Errorf("%s: it was changed to %q, error %v", name, text, err)
		}
	}
	if _, _, err := OpenLog(filepath.Join(path, "below"), head); err == nil {
		t.Error("opened a file below a file")
	}
}
