// Package problems generates the word problems of the pocket models: a pile of things
// changes in one to eight calculations, described by ten kinds of sentences at four
// levels of difficulty. A problem has its worked solution, for training and grading.
// Problems are a pure function of a seed, and no chain of calculations occurs in two
// splits.
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

// Prompt returns the prompt of a policy: the text and a newline.
func (p Problem) Prompt() string { return p.Text + "\n" }

// Lines returns the whole solution: the calculations, then an answer line such as "A:84".
func (p Problem) Lines() []string {
	return append(append(make([]string, 0, len(p.Steps)+1), p.Steps...), "A:"+p.Answer)
}

// Split names one of three disjoint sets of problems.
type Split string

const (
	Train      Split = "train"
	Validation Split = "validation" // to choose aggregators and thresholds
	Test       Split = "test"       // to measure only
)

// ParseSplit returns the split with this name.
func ParseSplit(name string) (Split, error) {
	switch s := Split(name); s {
	case Train, Validation, Test:
		return s, nil
	}
	return "", fmt.Errorf("split %q: want train, validation or test", name)
}

// Split returns the split of the problem: train for 90 %, validation for 5 %, test for
// 5 %. It is a hash of the calculations, not of the text, so problems that differ in
// names and things only are in the same split.
func (p Problem) Split() Split {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(p.Steps, "\n")))
	// FNV mixes the low bits worst: fold the high half in.
	switch sum := h.Sum64(); (sum ^ sum>>32) % 20 {
	case 0:
		return Test
	case 1:
		return Validation
	}
	return Train
}
