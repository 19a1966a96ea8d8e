package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// A view prints a search as its events come: the plan, each node once it is generated,
// and the outcome. Only the answer goes to standard output.
type view struct {
	out     *output
	verbose bool // print nodes
	quiet   bool // print no answer and no bill
	answer  string
	id      string
	plan    string // the last one that was printed
	state   planner.State
	failure error
	printed map[string]bool // ids of nodes
}

// marks of the states of nodes that are generated.
var marks = map[search.State]string{
	search.StateScored:   "·",
	search.StatePruned:   "×",
	search.StateFinished: "✓",
	search.StateFailed:   "!",
}

func (v *view) show(e planner.Event) error {
	v.state = e.State
	if e.Outcome != nil {
		v.failure = e.Outcome.Err
	}
	if v.out.json {
		return v.out.message(plannerrpc.EventToProto(e))
	}
	if v.id == "" || e.Snapshot {
		v.id, v.printed = e.Search, map[string]bool{}
		say("search %s", v.id)
	}
	for _, n := range e.Notices {
		say("note   %s", n.Text)
	}
	if d := e.Estimate; d != nil && d.Final {
		say("hard?  pass@1 about %.2f, 90 %% in [%.2f, %.2f], after %d samples", d.PassRate, d.Low, d.High, d.Samples)
	}
	if p := e.Plan; p != nil && strategies.String(p.Strategy) != v.plan {
		v.plan = strategies.String(p.Strategy)
		say("plan   %s: %s", v.plan, p.Reason)
	}
	if v.verbose {
		for _, n := range e.Nodes {
			v.node(n)
		}
	}
	if e.Outcome != nil {
		return v.outcome(*e.Outcome, e.Bill)
	}
	return nil
}

// node prints a node when it is generated, and not again.
func (v *view) node(n planner.Node) {
	mark, generated := marks[n.State]
	if !generated || v.printed[n.ID] {
		return
	}
	v.printed[n.ID] = true
	text := make([]string, len(n.Steps))
	for i, s := range n.Steps {
		text[i] = strings.TrimSpace(s.Text)
	}
	value := "    "
	if n.Scored {
		value = fmt.Sprintf("%.2f", n.Value)
	}
	line := fmt.Sprintf("%s%s %-8s %s %s", strings.Repeat("  ", n.Depth-1), mark, n.ID, value, strings.Join(text, " | "))
	if n.Reason != "" {
		line += "  (" + n.Reason + ")"
	}
	say("%s", line)
}

func (v *view) outcome(o planner.Outcome, b reasoning.Bill) error {
	v.answer = o.Answer
	if v.quiet {
		return nil
	}
	for _, d := range o.Degraded {
		say("note   %s", d)
	}
	if len(o.Candidates) > 1 {
		var list []string
		for _, c := range o.Candidates {
			list = append(list, fmt.Sprintf("%s (%d, %.2f)", c.Answer, c.Count, c.Weight))
		}
		say("among  %s", strings.Join(list, ", "))
	}
	say("bill   policy %d generated, %d prompt, %d cached; verifier %d; difficulty %d generated, %d verifier",
		b.Policy.Generated, b.Policy.Prompt, b.Policy.Cached, b.Verifier.Verifier, b.Difficulty.Generated, b.Difficulty.Verifier)
	say("took   %v, stopped: %s", o.Elapsed.Round(1e6), o.Stop)
	if o.Answer == "" {
		return nil
	}
	_, err := fmt.Println(o.Answer)
	return err
}

// end returns the result of a command that has printed all events of a search.
func (v *view) end() error {
	switch v.state {
	case planner.StateCancelled:
		return errInterrupted
	case planner.StateFailed:
		if v.failure == nil {
			v.failure = errors.New("the planner gives no reason")
		}
		return fmt.Errorf("no answer: %w", v.failure)
	}
	return nil
}
