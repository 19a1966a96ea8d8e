package problems

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
)

// Options select the problems that All generates. A zero NSteps or Level means any.
type Options struct {
	Split  Split
	Seed   uint64
	NSteps int // 1…MaxSteps, or 0
	Level  int // 1…MaxLevel, or 0
}

// All returns an infinite sequence of problems, which depends on the options alone. Two
// seeds give independent draws of one distribution, which may have problems in common.
func All(o Options) (iter.Seq[Problem], error) {
	if _, err := ParseSplit(string(o.Split)); err != nil {
		return nil, err
	}
	if o.NSteps < 0 || o.NSteps > MaxSteps {
		return nil, fmt.Errorf("steps %d: want 0 (any) to %d", o.NSteps, MaxSteps)
	}
	if o.Level < 0 || o.Level > MaxLevel {
		return nil, fmt.Errorf("level %d: want 0 (any) to %d", o.Level, MaxLevel)
	}
	return func(yield func(Problem) bool) {
		r := newStoryRand(o.Seed)
		for {
			nsteps, level := o.NSteps, o.Level
			if nsteps == 0 {
				nsteps = 1 + r.IntN(MaxSteps)
			}
			if level == 0 {
				level = 1 + r.IntN(MaxLevel)
			}
			for {
				p, ok := generate(r, nsteps, level)
				if ok && p.Split() == o.Split {
					if !yield(p) {
						return
					}
					break
				}
			}
		}
	}, nil
}

func newStoryRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x706f636b6574)) } // "pocket"

// Take returns the first n problems of All.
func Take(n int, o Options) ([]Problem, error) {
	seq, err := All(o)
	if err != nil || n <= 0 {
		return nil, err
	}
	ps := make([]Problem, 0, n)
	for p := range seq {
		if ps = append(ps, p); len(ps) == n {
			break
		}
	}
	return ps, nil
}

var (
	names  = []string{"Tom", "Ann", "Bob", "Eve", "Sam", "Mia", "Leo", "Zoe", "Max", "Ivy"}
	things = []string{"apples", "pens", "coins", "books", "shells", "cards", "beads", "nuts"}

	// By level: the largest number that does not depend on the pile, and the largest content
	// of a box.
	maxNumber = [MaxLevel]int{20, 60, 99, 400}
	maxBox    = [MaxLevel]int{9, 12, 25, 40}
)

// maxPile bounds the pile after each sentence.
const maxPile = 1999

// story is the state of a problem during generation.
type story struct {
	r          *rand.Rand
	who, other string // persons
	thing      string
	max, box   int // maxNumber and maxBox of the level
	pile       int // number of things after the steps so far
	text       []byte
	steps      []string
}

// between draws from lo…hi, both included.
func (s *story) between(lo, hi int) int { return lo + s.r.IntN(max(1, hi-lo+1)) }

// printf appends to the text.
func (s *story) printf(format string, args ...any) { s.text = fmt.Appendf(s.text, format, args...) }

// calc appends a calculation to the steps and returns its result.
func (s *story) calc(a int, op byte, b int) int {
	v := 0
	switch op {
	case '+':
		v = a + b
	case '-':
		v = a - b
	case '*':
		v = a * b
	case '/':
		v = a / b
	}
	s.steps = append(s.steps, strconv.Itoa(a)+string(op)+strconv.Itoa(b)+"="+strconv.Itoa(v))
	return v
}

// generate draws a problem. It returns false if the pile grew beyond maxPile.
func generate(r *rand.Rand, nsteps, level int) (Problem, bool) {
	i := r.IntN(len(names))
	j := (i + 1 + r.IntN(len(names)-1)) % len(names)
	s := &story{
		r: r, who: names[i], other: names[j], thing: things[r.IntN(len(things))],
		max: maxNumber[level-1], box: maxBox[level-1],
	}
	s.pile = s.between(2, s.max)
	s.printf("%s has %d %s.", s.who, s.pile, s.thing)
	for len(s.steps) < nsteps {
		k := pick(r)
		if len(s.steps)+k.steps > nsteps {
			continue
		}
		k.write(s)
		if s.pile > maxPile {
			return Problem{}, false
		}
	}
	s.printf(" How many %s does %s have now?", s.thing, s.who)
	return Problem{
		Text: string(s.text), Steps: s.steps, Answer: strconv.Itoa(s.pile),
		NSteps: nsteps, Level: level,
	}, true
}
