// Package attempt samples whole solutions of pocket problems from a pocket engine, for
// training and for measuring models apart from any search.
package attempt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

// MaxTokens is a limit of a solution's tokens that the longest solution does not reach, with
// a margin for wrong paths.
const MaxTokens = 160

// Sample samples n whole solutions of a problem and returns them in the order of their
// seeds.
func Sample(ctx context.Context, e *pocket.Engine, p problems.Problem, seed uint64, n int,
	temperature float64) ([]pocket.Child, error) {
	r := pocket.Request{Prompt: p.Prompt(), MaxTokens: MaxTokens, Temperature: temperature}
	noise := rand.New(rand.NewPCG(seed, 1))
	for range n {
		r.Seeds = append(r.Seeds, noise.Uint64())
	}
	children := make([]pocket.Child, n)
	for c, err := range e.Generate(ctx, r) {
		if err != nil {
			return nil, fmt.Errorf("sample %q: %w", p.Text, err)
		}
		children[c.Index] = c
	}
	return children, nil
}

// Lines returns a child's steps without their newlines.
func Lines(c pocket.Child) []string {
	var lines []string
	for _, s := range c.Steps {
		lines = append(lines, strings.TrimSuffix(s.Text, "\n"))
	}
	return lines
}

// Answer returns the text after "A:" on the last line. It returns the last line if that has
// no "A:", and "" if there are no lines.
func Answer(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.TrimPrefix(lines[len(lines)-1], "A:")
}
