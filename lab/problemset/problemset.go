package problemset

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/answer"
)

// A Problem is one question with its reference answer.
type Problem struct {
	ID       string // as the set names it, else its line number
	Text     string
	Answer   string // the reference, as the set writes it
	Solution string // the worked solution, where the set has one
	Steps    int    // calculations needed; 0 where the set does not say
	Level    string // of difficulty, as the set names it; may be empty
	Subject  string // may be empty
}

// A Format reads one line of a problem set.
type Format func(line []byte) (Problem, error)

// Formats are the known formats by name.
var Formats = map[string]Format{"gsm8k": GSM8K, "math": MATH, "pocket": Pocket}

// FormatNames returns the names of the known formats, sorted.
func FormatNames() []string { return slices.Sorted(maps.Keys(Formats)) }

// AnyFormat returns a format that reads each line as the first of the known formats that
// reads the first line.
func AnyFormat() Format {
	var found Format
	return func(line []byte) (Problem, error) {
		if found == nil {
			for _, name := range FormatNames() {
				if _, err := Formats[name](line); err == nil {
					found = Formats[name]
					break
				}
			}
		}
		if found == nil {
			return Problem{}, fmt.Errorf("of none of the formats %v: name one to hear why", FormatNames())
		}
		return found(line)
	}
}

// GSM8K reads {question, answer}; the answer ends in "#### N" (Cobbe et al. 2021).
func GSM8K(line []byte) (Problem, error) {
	var in struct{ Question, Answer string }
	if err := json.Unmarshal(line, &in); err != nil {
		return Problem{}, err
	}
	n, ok := answer.Hashes.Find(in.Answer)
	if !ok && in.Answer != "" {
		return Problem{}, errors.New(`answer: no "#### N" in it`)
	}
	return check(Problem{Text: in.Question, Answer: n, Solution: in.Answer}, "question")
}

// MATH reads {problem, answer, solution, subject, level, unique_id} as in
// MATH-500 (Hendrycks et al. 2021, Lightman et al. 2023); problem and answer
// are required.
func MATH(line []byte) (Problem, error) {
	var in struct {
		Problem, Answer, Solution, Subject string
		UniqueID                           string `json:"unique_id"`
		Level                              label
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return Problem{}, err
	}
	p := Problem{ID: in.UniqueID, Text: in.Problem, Answer: in.Answer, Solution: in.Solution, Level: string(in.Level),
		Subject: in.Subject}
	return check(p, "problem")
}

// Pocket reads {text, steps, answer, n_steps, level}, as the pocket problems'
// generator exports them.
func Pocket(line []byte) (Problem, error) {
	var in struct {
		ID, Text, Answer string
		Steps            []string
		NSteps           int `json:"n_steps"`
		Level            label
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return Problem{}, err
	}
	if in.NSteps == 0 {
		in.NSteps = len(in.Steps)
	}
	if in.Steps != nil && len(in.Steps) != in.NSteps {
		return Problem{}, fmt.Errorf("n_steps: %d, but steps has %d", in.NSteps, len(in.Steps))
	}
	p := Problem{ID: in.ID, Text: in.Text, Answer: in.Answer, Steps: in.NSteps, Level: string(in.Level)}
	for _, s := range in.Steps {
		p.Solution += s + "\n"
	}
	return check(p, "text")
}

// A label is a string that some sets write as a number.
type label string

func (l *label) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*l = label(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("level: want a string or a number")
	}
	*l = label(n)
	return nil
}

func check(p Problem, textField string) (Problem, error) {
	switch {
	case p.Text == "":
		return p, fmt.Errorf("%s: missing or empty", textField)
	case p.Answer == "":
		return p, errors.New("answer: missing or empty")
	}
	return p, nil
}

// maxLine bounds one problem, in bytes.
const maxLine = 1 << 20

// Read reads a problem set, one JSON object a line; empty lines are skipped.
// An error names the line.
func Read(r io.Reader, format Format) ([]Problem, error) {
	var set []Problem
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		p, err := format(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if p.ID == "" {
			p.ID = strconv.Itoa(n)
		}
		set = append(set, p)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return set, nil
}

// Load reads the problem set in a file. A set without problems is an error.
func Load(path string, format Format) ([]Problem, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("problem set: %w", err)
	}
	defer f.Close()
	set, err := Read(f, format)
	if err == nil && len(set) == 0 {
		err = errors.New("no problems in it")
	}
	if err != nil {
		return nil, fmt.Errorf("problem set %s: %w", path, err)
	}
	return set, nil
}
