package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
)

// pocketSeed is the seed of the pocket problems. No model was trained and no setting was chosen on problems of
// the test split.
const pocketSeed = 20260101

// pocketSet returns n pocket problems, as many of each number of steps as possible.
func pocketSet(n int, split problems.Split, from, to int) ([]problemset.Problem, error) {
	switch {
	case n < 1:
		return nil, reasoning.Invalid("--problems", "must be at least 1, is %d", n)
	case from < 1 || to < from || to > problems.MaxSteps:
		return nil, reasoning.Invalid("--steps", "must be in 1 to %d, are %d to %d", problems.MaxSteps, from, to)
	}
	var set []problemset.Problem
	kinds := to - from + 1
	for steps := from; steps <= to; steps++ {
		count := n / kinds
		if steps-from < n%kinds {
			count++
		}
		some, err := problems.Take(count, problems.Options{Split: split, Seed: pocketSeed, NSteps: steps})
		if err != nil {
			return nil, err
		}
		for i, p := range some {
			set = append(set, problemset.Problem{ID: fmt.Sprintf("%d-%d", steps, i), Text: p.Text, Answer: p.Answer,
				Steps: p.NSteps})
		}
	}
	return set, nil
}

// problemSet names the problems of a bench.
type problemSet struct {
	Set      string `help:"File of problems, one JSON line each or CSV, instead of pocket problems." placeholder:"FILE" type:"path"`
	Format   string `help:"Format of the file's lines: gsm8k, math (MATH-500, AIME), own (problem or question, answer), pocket; empty: the format that the first line has." placeholder:"NAME"`
	Problems int    `help:"Number of problems; 0: all of --set, or 300 pocket problems." default:"0"`
	Split    string `help:"Split of the pocket problems: test or validation." default:"test" enum:"test,validation"`
	Steps    string `help:"Steps of the pocket problems, a number or a range." default:"2..6"`
	Half     int    `help:"Half of the problems, 1 or 2: calibrate on one half and measure on the other; 0: all." default:"0"`
}

// load returns the problems and the name of the set.
func (c problemSet) load() (name string, set []problemset.Problem, err error) {
	if c.Half < 0 || c.Half > 2 {
		return "", nil, reasoning.Invalid("--half", "must be 0, 1 or 2, is %d", c.Half)
	}
	if name, set, err = c.whole(); err != nil || c.Half == 0 {
		return name, set, err
	}
	var half []problemset.Problem
	for i, p := range set {
		if i%2 == c.Half-1 {
			half = append(half, p)
		}
	}
	if len(half) == 0 {
		return "", nil, reasoning.Invalid("--half", "half %d of %d problems is empty: use more problems", c.Half, len(set))
	}
	return fmt.Sprintf("%s, half %d", name, c.Half), half, nil
}

// whole returns the set before it is halved.
func (c problemSet) whole() (name string, set []problemset.Problem, err error) {
	if c.Problems < 0 {
		return "", nil, reasoning.Invalid("--problems", "must not be negative, is %d", c.Problems)
	}
	if c.Set == "" {
		return c.pocket()
	}
	if set, err = c.read(); err != nil {
		return "", nil, err
	}
	if c.Problems > len(set) {
		return "", nil, reasoning.Invalid("--problems", "must be at most %d, the size of the set, is %d", len(set), c.Problems)
	}
	if c.Problems > 0 {
		set = set[:c.Problems]
	}
	return filepath.Base(c.Set), set, nil
}

func (c problemSet) pocket() (string, []problemset.Problem, error) {
	first, last, isRange := strings.Cut(c.Steps, "..")
	if !isRange {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err1 != nil || err2 != nil {
		return "", nil, reasoning.Invalid("--steps", "must be a number or a range such as 2..6, is %q", c.Steps)
	}
	n := c.Problems
	if n == 0 {
		n = 300
	}
	set, err := pocketSet(n, problems.Split(c.Split), from, to)
	return fmt.Sprintf("pocket %s, %d..%d steps", c.Split, from, to), set, err
}

// read reads the file in the named format or, if none is named, in the format of its first line.
func (c problemSet) read() ([]problemset.Problem, error) {
	if c.Format == "" {
		return problemset.Load(c.Set, problemset.AnyFormat())
	}
	format, ok := problemset.Formats[c.Format]
	if !ok {
		return nil, reasoning.Invalid("--format", "%q must be one of %v", c.Format, problemset.FormatNames())
	}
	return problemset.Load(c.Set, format)
}
