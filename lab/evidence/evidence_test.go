package evidence

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
)

func demoEvidence() Record {
	t := table.New("strategy", ">accuracy")
	t.Add("beam", "61.5")
	return Record{
		Name:    "demo",
		What:    "strategies on held-out problems, beam < best",
		Command: "make evidence-demo",
		Seeds:   []uint64{1, 18446744073709551615},
		Models:  []Identity{{Name: "pocket-0.3M", SHA256: "ab", Params: 300_000}},
		Samples: map[string]int{"seeds": 2, "problems": 200},
		Results: map[string]any{
			"table": t, "beam": stats.Wilson(123, 200), "tokens": 1234567, "word": "beam",
			"runs": []any{0.25, "second"}, "none": nil, "empty": map[string]any{},
		},
	}
}

func TestEvidence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docs", "evidence", "demo.json")
	if err := demoEvidence().Write(path); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Results.(map[string]any)["tokens"]; got != json.Number("1234567") {
		t.Errorf("tokens: got %v of %T", got, got)
	}
	want := demoEvidence()
	e.Results, want.Results = nil, nil
	if diff := cmp.Diff(e, want); diff != "" {
		t.Errorf("the record read differs from the one written (-got +want):\n%s", diff)
	}
	e, _ = Read(path)
	if err := e.Write(path); err != nil {
		t.Fatal(err)
	}
	second, _ := os.ReadFile(path)
	if diff := cmp.Diff(reorder(t, first), string(second)); diff != "" {
		t.Errorf("written, read and written again (-first +second):\n%s", diff)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// reorder sorts the keys of the structs inside results, as reading does.
func reorder(t *testing.T, data []byte) string {
	var e Record
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), e.Name+".json")
	if err := e.Write(path); err != nil {
		t.Fatal(err)
	}
	out, _ := os.ReadFile(path)
	return string(out)
}

func TestEvidenceErrors(t *testing.T) {
	dir := t.TempDir()
	for want, change := range map[string]func(*Record){
		`name ""`:                    func(e *Record) { e.Name = "" },
		`name "../x"`:                func(e *Record) { e.Name = "../x" },
		"does not match":             func(e *Record) { e.Name = "other" },
		"what: must not be empty":    func(e *Record) { e.What = "" },
		"command: must not be empty": func(e *Record) { e.Command = "" },
		"results":                    func(e *Record) { e.Results = nil },
		"unsupported":                func(e *Record) { e.Results = func() {} },
	} {
		e := demoEvidence()
		change(&e)
		if err := e.Write(filepath.Join(dir, "demo.json")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("bad evidence left %v", files)
	}
	for content, want := range map[string]string{"{": "unexpected", `{"nmae": "demo"}`: "nmae",
		`{"name": "demo", "what": "x"}`: "command", `{"name":"d","what":"x","command":"y","results":1}`: "match"} {
		path := filepath.Join(dir, "demo.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(strings.ToLower(err.Error()), want) {
			t.Errorf("%s: got error %v, want %q", content, err, want)
		}
	}
}

func TestQuote(t *testing.T) {
	dir := t.TempDir()
	if err := demoEvidence().Write(filepath.Join(dir, "demo.json")); err != nil {
		t.Fatal(err)
	}
	doc := filepath.Join(dir, "README.md")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(doc, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		t.Helper()
		b, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	write(`# Ponder
Beam reaches <!-- evidence:demo:beam -->?<!-- /evidence --> with
<!-- evidence:demo:tokens --><!-- /evidence --> tokens; <!-- evidence:demo:runs.1 -->x
y<!-- /evidence --> and <!-- evidence:demo:runs.0 --><!-- /evidence -->.
<!-- evidence:demo:table --><!-- /evidence -->
The end, <!-- evidence:NAME:KEY --> explained.
`)
	if err := Check(dir, doc); !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), "README.md:2: ") {
		t.Errorf("got %v, want ErrStale for line 2", err)
	}
	if err := Fill(dir, doc); err != nil {
		t.Fatal(err)
	}
	want := `# Ponder
Beam reaches <!-- evidence:demo:beam -->61.5 % [54.6, 68.0]<!-- /evidence --> with
<!-- evidence:demo:tokens -->1234567<!-- /evidence --> tokens; <!-- evidence:demo:runs.1 -->second<!-- /evidence --> and <!-- evidence:demo:runs.0 -->0.25<!-- /evidence -->.
<!-- evidence:demo:table -->

| strategy | accuracy |
| -------- | -------: |
| beam     |     61.5 |

<!-- /evidence -->
The end, <!-- evidence:NAME:KEY --> explained.
`
	if diff := cmp.Diff(read(), want); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
	if err := Check(dir, doc); err != nil {
		t.Errorf("Check after Fill: %v", err)
	}
	if info, _ := os.Stat(doc); info.Mode().Perm() != 0o600 {
		t.Errorf("mode became %v", info.Mode())
	}
	// Check compares the document with evidence that has changed.
	changed := demoEvidence()
	changed.Results.(map[string]any)["tokens"] = 7
	if err := changed.Write(filepath.Join(dir, "demo.json")); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir, doc); !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), "README.md:3: ") {
		t.Errorf("got %v, want ErrStale for line 3", err)
	}
	if got := read(); got != want {
		t.Error("checking changed the document")
	}

	for text, want := range map[string]string{
		"\n<!-- evidence:demo:beam -->":                                             "README.md:2: <!-- evidence:demo:beam --> is not closed",
		"<!-- evidence:demo:beam --> <!-- evidence:demo:word --><!-- /evidence -->": "is not closed",
		"<!-- /evidence -->":                                                        "has no opening marker",
		"<!-- evidence:lost:x --><!-- /evidence -->":                                "lost.json",
		"<!-- evidence:demo:greedy --><!-- /evidence -->":                           `no "greedy"`,
		"<!-- evidence:demo:runs.2 --><!-- /evidence -->":                           `no "2"`,
		"<!-- evidence:demo:tokens.x --><!-- /evidence -->":                         `no "x"`,
		"<!-- evidence:demo:none --><!-- /evidence -->":                             "not a string",
		"<!-- evidence:demo:empty --><!-- /evidence -->":                            "not a string",
		"<!-- evidence:demo:runs --><!-- /evidence -->":                             "not a string",
	} {
		write(text)
		if err := Fill(dir, doc); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", text, err, want)
		}
		if got := read(); got != text {
			t.Errorf("%s: a document with an error was changed to %s", text, got)
		}
	}
}
