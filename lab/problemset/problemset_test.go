package problemset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		format, lines string
		want          []Problem
	}{
		{"gsm8k", `{"question": "How many?", "answer": "5+3=8\n#### 1,008"}` + "\n\n" +
			`{"question": "And now?", "answer": "#### -3"}`, []Problem{
			{ID: "1", Text: "How many?", Answer: "1,008", Solution: "5+3=8\n#### 1,008"},
			{ID: "3", Text: "And now?", Answer: "-3", Solution: "#### -3"},
		}},
		{"math", `{"problem": "What?", "answer": "\\frac{1}{2}", "solution": "half", "subject": "Algebra", "level": 3, "unique_id": "test/1"}`, []Problem{
			{ID: "test/1", Text: "What?", Answer: `\frac{1}{2}`, Solution: "half", Level: "3", Subject: "Algebra"},
		}},
		{"math", `{"problem": "What?", "answer": "2", "level": "Level 5"}`,
			[]Problem{{ID: "1", Text: "What?", Answer: "2", Level: "Level 5"}}},
		{"pocket", `{"text": "Tom has 48.", "steps": ["48+36=84", "84/2=42"], "answer": "42", "n_steps": 2, "level": 4}`, []Problem{
			{ID: "1", Text: "Tom has 48.", Answer: "42", Solution: "48+36=84\n84/2=42\n", Steps: 2, Level: "4"},
		}},
		{"own", `{"question": "How many?", "answer": 7}` + "\n" + `{"problem": "Why?", "answer": "x", "answer_kind": "text", "id": "b"}`, []Problem{
			{ID: "1", Text: "How many?", Answer: "7"},
			{ID: "b", Text: "Why?", Answer: "x", Kind: answer.KindText},
		}},
		{"own", `{"question": "Which?", "choices": ["red", "blue"], "answer": 1}`, []Problem{
			{ID: "1", Text: "Which?\n(A) red\n(B) blue", Answer: "B", Kind: answer.KindChoice},
		}},
		{"own", "question,answer,level\n\"How many,\nand why?\",7,easy\nWhat?,\"1,5\",\n", []Problem{
			{ID: "1", Text: "How many,\nand why?", Answer: "7", Level: "easy"}, {ID: "2", Text: "What?", Answer: "1,5"},
		}},
		{"math", "problem;answer\nHow many?;7\n", []Problem{{ID: "1", Text: "How many?", Answer: "7"}}},
		{"pocket", "", nil},
	} {
		got, err := Read(strings.NewReader(tt.lines), Formats[tt.format])
		if err != nil {
			t.Errorf("%s: %v", tt.lines, err)
		}
		if diff := cmp.Diff(got, tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.lines, diff)
		}
	}
}

// Pocket parses the generator's export.
func TestPocketExport(t *testing.T) {
	line, err := json.Marshal(problems.Problem{Text: "Tom has 4.", Steps: []string{"4+3=7"}, Answer: "7", NSteps: 1,
		Level: 2})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Pocket(line)
	want := Problem{Text: "Tom has 4.", Answer: "7", Solution: "4+3=7\n", Steps: 1, Level: "2"}
	if err != nil || got != want {
		t.Errorf("Pocket(%s) = %+v, %v, want %+v", line, got, err, want)
	}
}

// The first line determines the format.
func TestAnyFormat(t *testing.T) {
	for _, line := range []string{`{"question": "How many?", "answer": "#### 8"}`,
		`{"problem": "What?", "answer": "2"}`, `{"text": "Tom has 4.", "answer": "4"}`} {
		set, err := Read(strings.NewReader(line+"\n"+line), AnyFormat())
		if err != nil || len(set) != 2 || set[1].ID != "2" {
			t.Errorf("%s twice: got %+v, error %v", line, set, err)
		}
	}
	mixed := `{"problem": "What?", "answer": "2"}` + "\n" + `{"text": "Tom has 4.", "answer": "4"}`
	if _, err := Read(strings.NewReader(mixed), AnyFormat()); err == nil ||
		!strings.Contains(err.Error(), "line 2: problem: missing") {
		t.Errorf("mixed formats: error %v", err)
	}
	if _, err := Read(strings.NewReader("{}"), AnyFormat()); err == nil ||
		!strings.Contains(err.Error(), "line 1: matches none of the formats [gsm8k math own pocket]") {
		t.Errorf("no format: error %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	good := `{"problem": "What?", "answer": "2"}` + "\n"
	for _, tt := range []struct{ format, lines, want string }{
		{"math", good + good + "{", "line 3: "},
		{"math", good + `{"problem": "What?"}`, "line 2: answer: missing or empty"},
		{"math", `{"answer": "2"}`, "line 1: problem: missing or empty"},
		{"math", `{"problem": "What?", "answer": "2", "level": []}`, "must be a string or a number"},
		{"gsm8k", `{"question": "How many?", "answer": "eight"}`, `line 1: answer: must end in "#### N"`},
		{"gsm8k", `{"question": "How many?"}`, "line 1: answer: missing or empty"},
		{"gsm8k", `{"answer": "#### 3"}`, "line 1: question: missing or empty"},
		{"pocket", `{"text": "Tom", "steps": ["1+1=2"], "answer": "2", "n_steps": 3}`,
			"line 1: n_steps: must be the length of steps, 1, is 3"},
		{"own", `{"question": "How many?"}`, "line 1: answer: missing or empty"},
		{"own", `{"answer": "7"}`, "line 1: problem or question: missing or empty"},
		{"own", `{"question": "Q", "answer": "7", "answer_kind": "poem"}`, `line 1: answer_kind: must be one of [auto number expression choice text code], is "poem"`},
		{"own", `{"question": "Q", "answer": "7", "choices": ["a", "b"]}`, `line 1: answer: "7" is neither a letter, a text nor an index of the 2 choices`},
		{"own", "question,answer\nQ,7\nQ,", "row 3: answer: missing or empty"},
		{"own", "question,answer\nQ,7,8\n", "record on line 2: wrong number of fields"},
		{"pocket", good, "line 1: text: missing or empty"},
		{"math", good + strings.Repeat("x", maxLine+1), "line 2: "},
	} {
		if _, err := Read(strings.NewReader(tt.lines), Formats[tt.format]); err == nil ||
			!strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60s: got error %v, want %q", tt.lines, err, tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.jsonl")
	if _, err := Load(path, MATH); err == nil {
		t.Error("loaded a file that does not exist")
	}
	for content, want := range map[string]string{"": "no problems", "{}": "empty.jsonl: line 1: problem"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, MATH); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
