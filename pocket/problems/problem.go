// Package problems makes the word problems that the pocket models live on:
// a pile of things changes in one to eight calculations, told in ten kinds of
// sentences at four levels of hardness. A problem knows its worked solution, so
// it can be trained on, graded and split. Everything is a pure function of a
// seed, and no chain of calculations ever occurs in two splits.
package problems

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// MaxSteps and MaxLevel bound Problem.NSteps and Problem.Level from above; both start at 1.
const (
	MaxSteps = 8
	MaxLevel = 4
)

// Problem is one word problem with its worked solution.
type Problem struct {
	Text   string   `json:"text"`   // one line of printable ASCII, no newline
	Steps  []string `json:"steps"`  // one calculation each, e.g. "48+36=84", without newline
	Answer string   `json:"answer"` // the last result, decimal digits
	NSteps int      `json:"n_steps"`
	Level  int      `json:"level"`
}

// Prompt is what a policy continues: the text and a newline.
func (p Problem) Prompt() string { return p.Text + "\n" }

// Lines is the whole solution: the calculations, then the answer line "A:84".
func (p Problem) Lines() []string {
	return append(append(make([]string, 0, len(p.Steps)+1), p.Steps...), "A:"+p.Answer)
}

// Split names one of three disjoint sets of problems.
type Split string

const (
	Train      Split = "train"
	Validation Split = "validation" // for choices: aggregators, thresholds
	Test       Split = "test"       // for figures only
)

// ParseSplit reads a split's name.
func ParseSplit(name string) (Split, error) {
	switch s := Split(name); s {
	case Train, Validation, Test:
		return s, nil
	}
	return "", fmt.Errorf("split %q: want train, validation or test", name)
}

// Split says where the problem belongs. It hashes the chain of calculations and
// not the text, so renaming Tom's apples to Ann's pens moves nothing across:
// 90 % train, 5 % validation, 5 % test.
func (p Problem) Split() Split {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(p.Steps, "\n")))
	// The low bits of FNV mix worst; fold the high half in.
	switch sum := h.Sum64(); (sum ^ sum>>32) % 20 {
	case 0:
		return Test
	case 1:
		return Validation
	}
	return Train
}
