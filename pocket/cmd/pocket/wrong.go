package main

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/pocket/attempt"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

type wrongCmd struct {
	Seed    uint64   `default:"1" help:"Seed of the order of the problems."`
	Most    int      `default:"8" help:"Maximum wrong attempts per problem: the ones nearest to the solution."`
	Samples []string `arg:"" type:"existingfile" help:"Files written by pocket sample, of the train split. Attempts at one problem are put together."`
}

// wrongAttempts is a line of the files from which revisers and thinkers are trained: a
// problem and whole attempts at it with wrong answers, the nearest to the solution
// first (Snell et al. 2024, arXiv 2408.03314, §6.1, takes the edit distance of their
// characters: a revision resembles a near miss).
type wrongAttempts struct {
	problems.Problem
	Wrong [][]string `json:"wrong"`
}

func (c *wrongCmd) Run() error {
	var order []string
	all := map[string]*wrongAttempts{}
	for _, name := range c.Samples {
		err := readLines(name, func(s sampled) error {
			m := all[s.Problem.Text]
			if m == nil {
				m = &wrongAttempts{Problem: s.Problem}
				all[s.Problem.Text], order = m, append(order, s.Problem.Text)
			}
			for _, path := range s.Paths {
				if s.Source == corrupted {
					path = problems.PropagateError(s.Problem, path)
				}
				last := len(path) - 1
				if !strings.HasPrefix(path[last], "A:") || attempt.Answer(path) == s.Problem.Answer {
					continue
				}
				// Leave out paths whose steps are all right and whose answer is wrong: policies
				// do not make this error.
				if !slices.Equal(path[:last], s.Problem.Steps) {
					m.Wrong = append(m.Wrong, path)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	r := rand.New(rand.NewPCG(c.Seed, 0))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	for _, text := range order {
		m := all[text]
		if m.Split() != problems.Train || len(m.Wrong) == 0 {
			continue
		}
		m.Wrong, _ = distinct(m.Wrong)
		want := strings.Join(m.Lines(), "\n")
		slices.SortStableFunc(m.Wrong, func(a, b []string) int {
			return distance(strings.Join(a, "\n"), want) - distance(strings.Join(b, "\n"), want)
		})
		m.Wrong = m.Wrong[:min(len(m.Wrong), c.Most)]
		if err := enc.Encode(m); err != nil {
			return err
		}
	}
	return w.Flush()
}

// distance returns how many characters must be inserted, deleted or replaced to turn a into b
// (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // distances between the characters of a so far and each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
