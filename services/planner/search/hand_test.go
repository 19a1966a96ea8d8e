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

// A hand is a World in which each node is made by hand.
type scripted struct {
	*policytest.Script
	judge *verifiertest.Script
}

func (h scripted) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	return h.judge.Score(ctx, r)
}

// made is a node made by hand.
type spec struct {
	worth    float64          // 0 is 0.5
	text     string           // of its last step; else its ordinal
	finish   reasoning.Finish // 0: at the world's depth its solution ends
	tokens   int              // of each step; 0 is 1
	logProb  float64          // of each step
	delay    time.Duration    // until it is written
	fails    error            // instead of coming; ends its litter
	unscored error            // why it cannot be judged
}

// byHand has solutions of depth steps, of which make says what it likes, by node.
func bySpec(depth int, make func(id string) spec) scripted {
	say := func(r policy.Request, ordinal int) policytest.Reply {
		m := make(strings.TrimPrefix(r.Node+"."+strconv.Itoa(ordinal), "."))
		if m.text == "" {
			m.text = strconv.Itoa(ordinal)
		}
		n := depth - len(r.Steps)
		c := policy.Child{Finish: reasoning.FinishEnd}
		if r.Span != policy.Whole && r.Span < n {
			n, c.Finish = r.Span, reasoning.FinishStep
		}
		if m.finish != 0 {
			c.Finish = m.finish
		}
		for i := range n {
			step := reasoning.Step{Text: "\n", Tokens: max(m.tokens, 1), LogProb: m.logProb}
			if i == n-1 {
				step.Text = m.text + "\n"
			}
			c.Steps = append(c.Steps, step)
		}
		return policytest.Reply{Child: c, Delay: m.delay, Err: m.fails}
	}
	score := func(r verifier.Request) verifiertest.Reply {
		m := make(r.Node)
		if m.worth == 0 {
			m.worth = 0.5
		}
		return verifiertest.Reply{Scores: slices.Repeat([]float64{m.worth}, len(r.Steps)), Err: m.unscored}
	}
	return scripted{&policytest.Script{Reply: say}, &verifiertest.Script{Reply: score}}
}

// byWorth is a world in which only the worth of nodes matters.
func byScore(depth int, worth map[string]float64) scripted {
	return bySpec(depth, func(id string) spec { return spec{worth: worth[id]} })
}

// expanded is the nodes that were expanded, in order of arrival.
func (h scripted) expanded() (ids []string) {
	for _, c := range h.Calls() {
		ids = append(ids, c.Request.Node)
	}
	return ids
}

// shape is how many nodes each level has.
func levelSizes(t *Tree) (sizes []int) {
	for _, level := range levelsOf(t) {
		sizes = append(sizes, len(level))
	}
	return sizes
}

// kids is how many children nodes have, of those that have some.
func childCounts(nodes ...*Node) map[string]int {
	n := map[string]int{}
	for _, k := range nodes {
		if len(k.Children) > 0 {
			n[k.ID] = len(k.Children)
		}
	}
	return n
}

// equal checks that something is what it should be.
func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s (-got +want):\n%s", what, diff)
	}
}

// ids of nodes.
func idsOf(nodes ...*Node) (ids []string) {
	for _, n := range nodes {
		ids = append(ids, n.ID)
	}
	return ids
}
