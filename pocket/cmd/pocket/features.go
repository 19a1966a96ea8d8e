package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

type featuresCmd struct {
	Trunk   string   `required:"" type:"existingfile" help:"GGUF file of the policy whose trunk the reward model will have."`
	Samples []string `arg:"" type:"existingfile" help:"Files written by pocket sample."`
}

// features is a training example of a head: the features of the steps of one path, and
// their labels.
type features struct {
	Problem string `json:"problem"`
	Source  string `json:"source"` // as sampled, or "solution"
	Count   int    `json:"count"`  // how often the policy generated this path
	Right   []bool `json:"right"`  // per step
	X       string `json:"x"`      // base64 of steps × features little-endian float32
}

func (c *featuresCmd) Run() error {
	file, err := os.ReadFile(c.Trunk)
	if err != nil {
		return err
	}
	rm, err := pocket.OpenLikelihoodRewardModel(file, pocket.Options{})
	if err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	for _, name := range c.Samples {
		err := readLines(name, func(s sampled) error {
			paths := [][]string{s.Problem.Lines()}
			for _, path := range s.Paths {
				paths = append(paths, informative(s.Problem, path))
			}
			out := make([]features, len(paths))
			var g errgroup.Group
			for i, path := range paths {
				g.Go(func() error {
					x, _, err := rm.Features(context.Background(), s.Problem.Text, path)
					out[i] = features{s.Problem.Text, s.Source, 0, s.Problem.Right(path), pack(x)}
					if i == 0 {
						out[i].Source = "solution"
					} else {
						out[i].Count = s.Counts[i-1]
					}
					return err
				})
			}
			if err := g.Wait(); err != nil {
				return err
			}
			for _, f := range out {
				if err := enc.Encode(f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

// informative returns a path up to its second wrong line; later lines are of little use
// for training.
func informative(p problems.Problem, path []string) []string {
	wrong := 0
	for i, right := range p.Right(path) {
		if !right {
			wrong++
		}
		if wrong == 2 {
			return path[:i+1]
		}
	}
	return path
}

func pack(x [][]float32) string {
	var b []byte
	for _, row := range x {
		for _, v := range row {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}

// readLines calls do with each line of a file of JSON objects.
func readLines[T any](name string, do func(T) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	for dec.More() {
		var v T
		if err := dec.Decode(&v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := do(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
