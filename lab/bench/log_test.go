package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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
	log, file, err := OpenLog(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range slices.Concat(Remaining(tasks, file.Results)...) {
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

// Two processes never append to one file: each would overwrite the lines of the other.
func TestAFileIsOpenAsOneLog(t *testing.T) {
	path := t.TempDir() + "/results.jsonl"
	first, _, err := OpenLog(path, head)
	if err != nil {
		t.Fatal(err)
	}
	if second, _, err := OpenLog(path, head); err == nil || !strings.Contains(err.Error(), "use another file") {
		t.Errorf("a second Log of the file: got %v and error %v, want an error that says to use another file", second, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next, _, err := OpenLog(path, head)
	if err != nil {
		t.Fatalf("a Log after the first is closed: %v", err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
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
	_, file, err := OpenLog(path, head)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range file.Results {
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
		"{\"ponder_bench\":3}\n": "ponder_bench: must be 1 or 2, is 3: use the version of ponder that wrote the file",
		"{\"ponder_bench\":2}\n": "line 1, the header, has no sum",
		"{}\n":                   "line 1 is not the header of a results file",
		"notes\n":                "line 1 is not the header of a results file",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLog(path); err == nil || !strings.Contains(err.Error(), want) {
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

// older returns the text of a file as an older version of ponder wrote it, without runs and sums.
func older(text string) string {
	text = strings.Replace(text, `{"ponder_bench":2`, `{"ponder_bench":1`, 1)
	return regexp.MustCompile(`,"run":"[0-9a-f]{16}","sum":"[0-9a-f]{8}"}`).ReplaceAllString(text, "}")
}

// An older file without sums is read and resumed; what it holds is said to be unchecked.
func TestOlderLogIsUnchecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	before := strings.SplitAfter(older(resume(t, path, head, tasks, results)), "\n")
	if strings.Contains(strings.Join(before, ""), "sum") {
		t.Fatal("the older file has sums")
	}
	if err := os.WriteFile(path, []byte(strings.Join(before[:3], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadLog(path)
	if err != nil || c.Unchecked != 2 || len(c.Results) != 2 ||
		!slices.Equal(c.Warnings(), []string{"2 of 2 results are unchecked: an older version of ponder wrote them, without sums"}) {
		t.Errorf("got %+v and error %v", c, err)
	}
	after := resume(t, path, head, tasks, results)
	if !strings.HasPrefix(after, strings.Join(before[:3], "")) || strings.Count(after, `"sum"`) != 2 {
		t.Errorf("resumed, the file is\n%s\nwant the lines before, and 2 with sums", after)
	}
	if c, err = ReadLog(path); err != nil || c.Unchecked != 2 || len(c.Results) != 4 {
		t.Errorf("resumed: got %+v and error %v", c, err)
	}
	other := head
	other.Seeds = []uint64{7}
	if _, _, err := OpenLog(path, other); err == nil || !strings.Contains(err.Error(), "seeds: the file has [1,2]") {
		t.Errorf("another run: error %v", err)
	}
}

// detected reports whether reading a text differs from reading the file that it was before a change: by an error, or by
// the bytes after the last whole line.
func detected(text []byte) bool {
	c, err := readLog(bytes.NewReader(text))
	return err != nil || c.Incomplete > 0
}

// Each change of one byte is detected. In a file without sums some are not, which is the control.
func TestLogDetectsEachChangedByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	whole := resume(t, path, head, tasks[:1], results)
	if detected([]byte(whole)) || detected([]byte(older(whole))) {
		t.Fatal("detected without a change")
	}
	change := func(text string, at int, bits byte) []byte {
		changed := []byte(text)
		changed[at] ^= bits
		return changed
	}
	missed := 0
	for bit := range 8 {
		for at := range len(whole) {
			if !detected(change(whole, at, 1<<bit)) {
				t.Errorf("bit %d of byte %d, %q: not detected", bit, at, whole[max(0, at-20):at+1])
			}
		}
	}
	for at := range len(older(whole)) {
		if !detected(change(older(whole), at, 1)) {
			missed++
		}
	}
	if missed == 0 {
		t.Error("each change is detected without sums, too: the test sees nothing")
	}
	rapid.Check(t, func(t *rapid.T) {
		at, bits := rapid.IntRange(0, len(whole)-1).Draw(t, "at"), rapid.ByteRange(1, 255).Draw(t, "bits")
		if !detected(change(whole, at, bits)) {
			t.Errorf("byte %d, %q, changed by %08b: not detected", at, whole[max(0, at-20):at+1], bits)
		}
		cut := rapid.IntRange(at+1, len(whole)).Draw(t, "cut")
		lines := at > 0 && whole[at-1] == '\n' && whole[cut-1] == '\n' // such a file is one of fewer searches
		if !lines && cut-at < len(whole) && !detected([]byte(whole[:at]+whole[cut:])) {
			t.Errorf("without bytes %d to %d: not detected", at, cut)
		}
	})
}

// An incomplete last line, as a crash leaves it, is dropped, and the warning says so.
func TestIncompleteLineIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	whole := resume(t, path, head, tasks, results)
	if err := os.WriteFile(path, []byte(whole[:len(whole)-7]), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadLog(path)
	if err != nil || len(c.Results) != 3 || len(c.Warnings()) != 1 || !strings.Contains(c.Warnings()[0], "the last line is incomplete") {
		t.Errorf("read: got %d results, warnings %q and error %v", len(c.Results), c.Warnings(), err)
	}
	log, c, err := OpenLog(path, head)
	if err != nil || len(c.Results) != 3 || len(c.Warnings()) != 1 {
		t.Fatalf("opened: got %d results, warnings %q and error %v", len(c.Results), c.Warnings(), err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = ReadLog(path); err != nil || c.Incomplete > 0 {
		t.Errorf("opened and closed: got %+v and error %v, want no incomplete line", c, err)
	}
}

// A file that is not a results file is refused and stays unchanged.
func TestLogRefusesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	tasks, results := example(t)
	whole := resume(t, path, head, tasks, results)
	lines := strings.SplitAfter(whole, "\n")
	head, err := head.identified()
	if err != nil {
		t.Fatal(err)
	}
	resealed := func(line, old, with string) string {
		text, _, ok := strings.Cut(line, `,"sum":"`)
		if !ok || !strings.Contains(text, old) {
			t.Fatalf("%s has no sum or no %s", line, old)
		}
		text = strings.Replace(text, old, with, 1)
		return text + `,"sum":"` + sumOf([]byte(text)) + "\"}\n"
	}
	for name, test := range map[string]struct{ text, want string }{
		"notes without a newline": {"my notes", "line 1 is not the header"},
		"notes":                   {"my\nnotes\n", "line 1 is not the header"},
		"other JSON":              {"{}\n", "line 1 is not the header"},
		"a newer format":          {resealed(lines[0], `"ponder_bench":2`, `"ponder_bench":3`), "ponder_bench: must be 1 or 2, is 3"},
		"another header":          {resealed(lines[0], `"name":"p"`, `"name":"q"`), "line 1, the header, is damaged: its run is "},
		"a result of another run": {lines[0] + lines[1] + resealed(lines[2], `"run":"`+head.Run, `"run":"0123456789abcdef`),
			`line 3: is of run "0123456789abcdef", the file is of run "` + head.Run + `"`},
		"damage":          {lines[0] + lines[1] + strings.Replace(lines[2], "complete", "completf", 1) + lines[3], "line 3: is damaged"},
		"half a line":     {lines[0] + lines[1] + "{\n" + lines[2], "line 3: has no sum"},
		"no sum":          {lines[0] + strings.Split(lines[1], `,"sum"`)[0] + "}\n", "line 2: has no sum"},
		"an older result": {lines[0] + older(lines[1]), "line 2: has no sum"},
		"a run and no sum in an older file": {older(lines[0]) + strings.Split(lines[1], `,"sum"`)[0] + "}\n",
			"line 2: has no sum"},
		"a second header":                  {lines[0] + lines[0], "line 2: "},
		"an empty result":                  {lines[0] + resealed(lines[1], strings.Split(lines[1], `,"run"`)[0], `{"n":1`), "line 2: not a result"},
		"an empty result in an older file": {older(lines[0]) + "{}\n", "line 2: not a result"},
		"two results in a line":            {older(lines[0]) + "{\"problem\":\"a\",\"arm\":\"greedy\",\"n\":1} {}\n", "line 2: not a result"},
		"a newer field":                    {lines[0] + resealed(lines[1], "{", `{"mood":1,`), `line 2: json: unknown field "mood"`},
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
