package problems

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
)

// Options choose which problems All makes. A zero NSteps or Level means any.
type Options struct {
	Split  Split
	Seed   uint64
	NSteps int // 1…MaxSteps, or 0
	Level  int // 1…MaxLevel, or 0
}

// All yields an endless sequence, the same for the same options. Two seeds give
// independent draws of the same distribution, which may share problems.
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
				p, ok := tell(r, nsteps, level)
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

// Take collects the first n problems of All.
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

	// By level: the largest number said outright, and the largest content of a box.
	largest = [MaxLevel]int{20, 60, 99, 400}
	fullest = [MaxLevel]int{9, 12, 25, 40}
)

const biggestPile = 1999

// story is a problem being told: the pile so far and what was said and calculated.
type story struct {
	r          *rand.Rand
	who, other string
	thing      string
	max, box   int
	pile       int
	text       []byte
	steps      []string
}

// between draws from lo…hi, both included.
func (s *story) between(lo, hi int) int { return lo + s.r.IntN(max(1, hi-lo+1)) }

func (s *story) say(format string, args ...any) { s.text = fmt.Appendf(s.text, format, args...) }

// calc writes a calculation down and returns its result.
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

// tell draws one problem; it reports false if the pile grew too big.
func tell(r *rand.Rand, nsteps, level int) (Problem, bool) {
	i := r.IntN(len(names))
	j := (i + 1 + r.IntN(len(names)-1)) % len(names)
	s := &story{
		r: r, who: names[i], other: names[j], thing: things[r.IntN(len(things))],
		max: largest[level-1], box: fullest[level-1],
	}
	s.pile = s.between(2, s.max)
	s.say("%s has %d %s.", s.who, s.pile, s.thing)
	for len(s.steps) < nsteps {
		k := pick(r)
		if len(s.steps)+k.steps > nsteps {
			continue
		}
		k.tell(s)
		if s.pile > biggestPile {
			return Problem{}, false
		}
	}
	s.say(" How many %s does %s have now?", s.thing, s.who)
	return Problem{
		Text: string(s.text), Steps: s.steps, Answer: strconv.Itoa(s.pile),
		NSteps: nsteps, Level: level,
	}, true
}
