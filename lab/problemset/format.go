package problemset

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/answer"
)

// A Format parses one line of a problem set, a JSON object.
type Format func(line []byte) (Problem, error)

// Formats are the known formats by name.
var Formats = map[string]Format{"gsm8k": GSM8K, "math": MATH, "own": Own, "pocket": Pocket}

// FormatNames returns the names of the known formats, sorted.
func FormatNames() []string { return slices.Sorted(maps.Keys(Formats)) }

// AnyFormat returns a format that parses all lines by the first known format that can parse the first line.
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
			return Problem{}, fmt.Errorf("matches none of the formats %v: pass --format to see why", FormatNames())
		}
		return found(line)
	}
}

// GSM8K parses {question, answer}; the answer ends in "#### N" (Cobbe et al. 2021).
func GSM8K(line []byte) (Problem, error) {
	var in struct{ Question, Answer string }
	if err := json.Unmarshal(line, &in); err != nil {
		return Problem{}, err
	}
	n, ok := answer.Hashes(in.Answer)
	if !ok && in.Answer != "" {
		return Problem{}, errors.New(`answer: must end in "#### N", as in GSM8K`)
	}
	return check(Problem{Text: in.Question, Answer: n, Solution: in.Answer}, "question")
}

// MATH parses {problem, answer, solution, subject, level, unique_id} as in MATH-500 (Hendrycks et al. 2021,
// Lightman et al. 2023); problem and answer are required.
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

// Own parses {problem or question, answer} and optionally id, solution, subject, level, answer_kind (a name of
// [answer.ParseKind]), and choices: an array of options, which are added to the text as (A), (B) and so on. The answer
// to choices is a letter, the text of an option, or the index of one from 0, as a number.
func Own(line []byte) (Problem, error) {
	var in struct {
		Problem, Question, Solution, Subject string
		ID, Answer, Level                    label
		AnswerKind                           string `json:"answer_kind"`
		Choices                              []label
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return Problem{}, err
	}
	kind, err := answer.ParseKind(in.AnswerKind)
	if err != nil {
		return Problem{}, fmt.Errorf("answer_kind: %w", err)
	}
	p := Problem{ID: string(in.ID), Text: cmp.Or(in.Problem, in.Question), Answer: string(in.Answer), Solution: in.Solution,
		Level: string(in.Level), Subject: in.Subject, Kind: kind}
	if p, err = check(p, "problem or question"); err != nil || len(in.Choices) == 0 {
		return p, err
	}
	if len(in.Choices) > 10 {
		return p, fmt.Errorf("choices: must be at most 10, are %d", len(in.Choices))
	}
	right := ""
	for i, c := range in.Choices {
		letter := string(rune('A' + i))
		p.Text += fmt.Sprintf("\n(%s) %s", letter, c)
		if p.Answer == letter || p.Answer == string(c) && right == "" {
			right = letter
		}
	}
	if i, err := strconv.Atoi(p.Answer); err == nil && right == "" && 0 <= i && i < len(in.Choices) {
		right = string(rune('A' + i))
	}
	if right == "" {
		return p, fmt.Errorf("answer: %q is neither a letter, a text nor an index of the %d choices", p.Answer, len(in.Choices))
	}
	p.Answer = right
	if kind == answer.KindAuto {
		p.Kind = answer.KindChoice
	}
	return p, nil
}

// Pocket parses {text, steps, answer, n_steps, level}, the export of the generator of pocket problems.
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
		return Problem{}, fmt.Errorf("n_steps: must be the length of steps, %d, is %d", len(in.Steps), in.NSteps)
	}
	p := Problem{ID: in.ID, Text: in.Text, Answer: in.Answer, Steps: in.NSteps, Level: string(in.Level)}
	for _, s := range in.Steps {
		p.Solution += s + "\n"
	}
	return check(p, "text")
}

// A label is a string that some problem sets write as a number.
type label string

func (l *label) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*l = label(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("must be a string or a number")
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
