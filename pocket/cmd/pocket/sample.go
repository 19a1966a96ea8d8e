package main

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/attempt"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

// corrupted is the source of attempts that were made by corrupting correct solutions.
const corrupted = "corrupted"

// sampled is a line of the files from which reward models are trained: a problem and
// attempts at it, as lists of lines without newlines.
type sampled struct {
	Problem problems.Problem `json:"problem"`
	Source  string           `json:"source"` // a policy's name, or corrupted
	Paths   [][]string       `json:"paths"`  // distinct
	Counts  []int            `json:"counts"` // how often each was made
}

type sampleCmd struct {
	Policy      string  `help:"GGUF file of the policy that attempts the problems; if it is not given, correct solutions are corrupted."`
	N           int     `default:"100" help:"Number of problems."`
	Samples     int     `default:"16" help:"Attempts per problem."`
	Temperature float64 `default:"0.8" help:"Sampling temperature."`
	Split       string  `default:"train" enum:"train,validation" help:"Split of the problems; test problems are for measurements only."`
	Seed        uint64  `default:"2" help:"Seed of problems and attempts."`
}

func (c *sampleCmd) Run() error {
	ps, err := problems.Take(c.N, problems.Options{Split: problems.Split(c.Split), Seed: c.Seed})
	if err != nil {
		return err
	}
	write := func(i int, p problems.Problem) ([][]string, error) {
		r := rand.New(rand.NewPCG(c.Seed, uint64(i)))
		paths := make([][]string, c.Samples)
		for k := range paths {
			paths[k] = problems.Corrupt(r, p)
		}
		return paths, nil
	}
	source := corrupted
	if c.Policy != "" {
		m, err := openPolicy(c.Policy)
		if err != nil {
			return err
		}
		e := pocket.NewEngine(m, pocket.Options{})
		defer e.Close()
		source = m.Identity().Name
		write = func(i int, p problems.Problem) ([][]string, error) {
			children, err := attempt.Sample(context.Background(), e, p, c.Seed+uint64(i), c.Samples, c.Temperature)
			if err != nil {
				return nil, err
			}
			var paths [][]string
			for _, ch := range children {
				paths = append(paths, attempt.Lines(ch))
			}
			return paths, nil
		}
	}
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	for i, p := range ps {
		paths, err := write(i, p)
		if err != nil {
			return err
		}
		s := sampled{Problem: p, Source: source}
		s.Paths, s.Counts = distinct(paths)
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return w.Flush()
}

// distinct returns each path once, in the order of first occurrence, and how often it occurs.
func distinct(paths [][]string) (once [][]string, counts []int) {
	seen := map[string]int{}
	for _, p := range paths {
		key := strings.Join(p, "\n")
		i, ok := seen[key]
		if !ok {
			i = len(once)
			seen[key] = i
			once, counts = append(once, p), append(counts, 0)
		}
		counts[i]++
	}
	return once, counts
}

func openPolicy(path string) (*pocket.Model, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return pocket.Open(file)
}
