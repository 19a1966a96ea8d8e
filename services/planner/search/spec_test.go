package search

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A scripted backend has a script as its policy and one as its verifier.
type scripted struct {
	*policytest.Script
	verifier *verifiertest.Script
}

func (s scripted) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	return s.verifier.Score(ctx, r)
}

// A spec specifies a node, or how generating or scoring it fails.
type spec struct {
	score    float64          // of each step of its path; 0 is 0.5
	text     string           // of its last step; "" is its ordinal
	finish   reasoning.Finish // 0 ends the solution at the backend's depth
	tokens   int              // of each step; 0 is 1
	logProb  float64          // of each step
	delay    time.Duration    // until it is generated
	fails    error            // instead of the node and the rest of its batch
	unscored error            // of the verifier
}

// bySpec returns a backend of solutions of depth steps; of(id) specifies each node.
func bySpec(depth int, of func(id string) spec) scripted {
	generate := func(r policy.Request, ordinal int) policytest.Reply {
		s := of(strings.TrimPrefix(r.Node+"."+strconv.Itoa(ordinal), "."))
		if s.text == "" {
			s.text = strconv.Itoa(ordinal)
		}
		n := depth - len(r.Steps)
		c := policy.Child{Finish: reasoning.FinishEnd}
		if r.Span != policy.Whole && r.Span < n {
			n, c.Finish = r.Span, reasoning.FinishStep
		}
		if s.finish != 0 {
			c.Finish = s.finish
		}
		for i := range n {
			step := reasoning.Step{Text: "\n", Tokens: max(s.tokens, 1), LogProb: s.logProb}
			if i == n-1 {
				step.Text = s.text + "\n"
			}
			c.Steps = append(c.Steps, step)
		}
		return policytest.Reply{Child: c, Delay: s.delay, Err: s.fails}
	}
	score := func(r verifier.Request) verifiertest.Reply {
		s := of(r.Node)
		if s.score == 0 {
			s.score = 0.5
		}
		return verifiertest.Reply{Scores: slices.Repeat([]float64{s.score}, len(r.Steps)), Err: s.unscored}
	}
	return scripted{&policytest.Script{Reply: generate}, &verifiertest.Script{Reply: score}}
}

// byScore returns a backend whose nodes differ only in their scores.
func byScore(depth int, scores map[string]float64) scripted {
	return bySpec(depth, func(id string) spec { return spec{score: scores[id]} })
}

// expanded returns the nodes that were expanded, in the order of the requests.
func (s scripted) expanded() (ids []string) {
	for _, c := range s.Calls() {
		ids = append(ids, c.Request.Node)
	}
	return ids
}

// levelSizes returns how many nodes each level has.
func levelSizes(t *Tree) (sizes []int) {
	for _, level := range levelsOf(t) {
		sizes = append(sizes, len(level))
	}
	return sizes
}

// childCounts returns how many children nodes have, without those that have none.
func childCounts(nodes ...*Node) map[string]int {
	counts := map[string]int{}
	for _, n := range nodes {
		if len(n.Children) > 0 {
			counts[n.ID] = len(n.Children)
		}
	}
	return counts
}

// idsOf returns the ids of nodes.
func idsOf(nodes ...*Node) (ids []string) {
	for _, n := range nodes {
		ids = append(ids, n.ID)
	}
	return ids
}

// wantEqual reports an error if got differs from want.
func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}
