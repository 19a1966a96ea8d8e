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

// A view prints a search as its events arrive: the plan, each node once, and the outcome. As text, only the
// answer goes to standard output; as JSON, all events do.
type view struct {
	out     *output
	verbose bool // print nodes, and not only how many failed
	quiet   bool // print no answer and no bill
	fold    bool // print a run of nodes that differ in nothing but their ids as one line; flush prints the last
	answer  string
	id      string
	plan    string // the strategy of the last plan that was printed
	state   planner.State
	failure error
	printed map[string]bool // nodes, by their ids
	folded  fold
	failed  failures

	estimating bool          // the next plan does not have the final estimate of difficulty
	pending    *planner.Plan // the last one that was not printed because of that
}

// A fold is a run of nodes that are one line.
type fold struct {
	before, id, after string // parts of the line of the first node
	count             int
}

// marks has a mark for each state in which a node is printed.
var marks = map[search.State]string{
	search.StateScored:   "·",
	search.StatePruned:   "×",
	search.StateFinished: "✓",
	search.StateFailed:   "!", // in one line for each cause
}

// maxIndent is how deep a tree is indented: the ids of deeper nodes tell their depth.
const maxIndent = 12

// show prints an event.
func (v *view) show(e planner.Event) error {
	v.state = e.State
	if e.Outcome != nil {
		v.failure = e.Outcome.Err
	}
	if v.out.json {
		return v.out.message(plannerrpc.EventToProto(e))
	}
	if v.id == "" || e.Snapshot {
		v.id, v.printed, v.failed = e.Search, map[string]bool{}, failures{}
		say("search %s", v.id)
	}
	for _, n := range e.Notices {
		say("note   %s", cause(n.Text))
	}
	v.decided(e)
	for _, n := range e.Nodes {
		v.node(n)
	}
	if e.Outcome != nil {
		return v.outcome(*e.Outcome, e.Bill)
	}
	return nil
}

// decided prints the final estimate and the plan. Plans by earlier estimates are not printed, unless the search begins
// without a final one.
func (v *view) decided(e planner.Event) {
	if d := e.Estimate; d != nil {
		v.estimating = !d.Final
		if d.Final {
			v.pending = nil
			say("pass@1 about %.2f, 90 %% interval [%.2f, %.2f], after %d samples", d.PassRate, d.Low, d.High, d.Samples)
		}
	}
	if e.Plan != nil {
		v.pending = e.Plan
	}
	begins := !v.estimating || len(e.Nodes) > 0 || e.Outcome != nil
	if p := v.pending; p != nil && begins {
		v.pending, v.estimating = nil, false
		if strategy := strategies.String(p.Strategy); strategy != v.plan {
			v.plan = strategy
			say("plan   %s: %s", v.plan, p.Reason)
		}
	}
}

// node prints a node that is in a state with a mark, unless it was printed before. It counts those that failed.
func (v *view) node(n planner.Node) {
	mark, printable := marks[n.State]
	if !printable || v.printed[n.ID] {
		return
	}
	v.printed[n.ID] = true
	if n.State == search.StateFailed {
		v.failed.add(n.Reason)
		return
	}
	if !v.verbose {
		return
	}
	text := make([]string, len(n.Steps))
	for i, s := range n.Steps {
		text[i] = strings.TrimSpace(s.Text)
	}
	value := "    "
	if n.Scored {
		value = score(n.Value)
	}
	before, after := strings.Repeat("  ", min(n.Depth-1, maxIndent))+mark, value+" "+strings.Join(text, " | ")
	if n.Reason != "" {
		after += "  (" + n.Reason + ")"
	}
	if f := &v.folded; v.fold && f.count > 0 && f.before == before && f.after == after {
		f.count++
		return
	}
	v.flush()
	v.folded = fold{before, n.ID, after, 1}
	if !v.fold {
		v.flush()
	}
}

// flush prints the line of the nodes that are folded.
func (v *view) flush() {
	switch f := v.folded; f.count {
	case 0:
		return
	case 1:
		say("%s %-8s %s", f.before, f.id, f.after)
	default:
		say("%s %-8s %s  × %d", f.before, f.id, f.after, f.count)
	}
	v.folded = fold{}
}

// outcome prints the candidates, the bill and the answer.
func (v *view) outcome(o planner.Outcome, b reasoning.Bill) error {
	v.answer = o.Answer
	if v.quiet {
		return nil
	}
	for _, c := range v.failed.causes {
		if o.Err == nil || c != cause(o.Err.Error()) { // the last line of the command has the error
			say("! %s failed: %s", children(v.failed.counts[c]), c)
		}
	}
	for _, d := range o.Degraded {
		if !v.failed.explain(d) {
			say("note   %s", cause(d))
		}
	}
	if len(o.Candidates) > 1 {
		var list []string
		for _, c := range o.Candidates {
			list = append(list, fmt.Sprintf("%s (%d, %s)", c.Answer, c.Count, score(c.Weight)))
		}
		say("among  %s", strings.Join(list, ", "))
	}
	for _, line := range billLines(b) {
		say("%s", line)
	}
	say("took   %v, stopped: %s", o.Elapsed.Round(1e6), o.Stop)
	if o.Answer == "" {
		return nil
	}
	return v.out.line("%s", o.Answer)
}

// end returns the result of a command that has printed all events of a search.
func (v *view) end() error {
	switch v.state {
	case planner.StateCancelled:
		return errInterrupted
	case planner.StateFailed:
		if v.failure == nil {
			v.failure = errors.New("the planner gave no reason")
		}
		return searchError{v.failure, v.failed.counts[cause(v.failure.Error())]}
	}
	return nil
}

// score returns a score or a weight with two decimals. One that is not 0 is not shown as 0: it may decide.
func score(x float64) string {
	if x > 0 && x < 0.005 {
		return "<0.01"
	}
	return fmt.Sprintf("%.2f", x)
}
