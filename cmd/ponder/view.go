package main

import (
	"fmt"
	"strings"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// view shows a search to a person as its events come: what was planned, each node
// as it is judged, and the outcome. The answer alone goes to standard output.
type view struct {
	out     *output
	verbose bool // show nodes
	quiet   bool // print no answer and no bill
	answer  string
	id      string
	plan    string // that was shown
	state   plannerv1.SearchState
	failure string
	seen    map[string]bool // nodes shown
}

// marks of node states, in the order of the enum.
var marks = map[plannerv1.NodeState]string{
	plannerv1.NodeState_NODE_STATE_SCORED:   "·",
	plannerv1.NodeState_NODE_STATE_PRUNED:   "×",
	plannerv1.NodeState_NODE_STATE_FINISHED: "✓",
	plannerv1.NodeState_NODE_STATE_FAILED:   "!",
}

func (v *view) show(e *plannerv1.SearchEvent) error {
	v.state = e.GetState()
	if v.out.json {
		v.failure = e.GetOutcome().GetError().GetMessage()
		return v.out.message(e)
	}
	if v.id == "" {
		v.id, v.seen = e.GetSearchId(), map[string]bool{}
		say("search %s", v.id)
	}
	for _, n := range e.GetNotices() {
		say("note   %s", n.GetText())
	}
	if d := e.GetEstimate(); d != nil && d.GetFinal() {
		say("hard?  pass@1 about %.2f, 90 %% in [%.2f, %.2f], after %d samples", d.GetPassRate(), d.GetLow(), d.GetHigh(), d.GetSamples())
	}
	if p := e.GetPlan(); p != nil && strategyText(p) != v.plan {
		v.plan = strategyText(p)
		say("plan   %s: %s", v.plan, p.GetReason())
	}
	if v.verbose {
		for _, n := range e.GetNodes() {
			v.node(n)
		}
	}
	if o := e.GetOutcome(); o != nil {
		return v.outcome(o, e.GetBill())
	}
	return nil
}

// strategyText returns the strategy of a plan such as "beam 16", "" if only a newer
// command knows it.
func strategyText(p *plannerv1.SearchPlan) string {
	s, err := plannerrpc.StrategyFromProto(p.GetStrategy())
	if err != nil {
		return ""
	}
	return strategies.String(s)
}

// node prints a node once, when it is written.
func (v *view) node(n *plannerv1.Node) {
	mark, written := marks[n.GetState()]
	if !written || v.seen[n.GetNodeId()] {
		return
	}
	v.seen[n.GetNodeId()] = true
	text := make([]string, len(n.GetSteps()))
	for i, s := range n.GetSteps() {
		text[i] = strings.TrimSpace(s.GetText())
	}
	value := "    "
	if n.Value != nil {
		value = fmt.Sprintf("%.2f", n.GetValue())
	}
	line := fmt.Sprintf("%s%s %-8s %s %s", strings.Repeat("  ", int(n.GetDepth())-1), mark, n.GetNodeId(), value, strings.Join(text, " | "))
	if n.GetReason() != "" {
		line += "  (" + n.GetReason() + ")"
	}
	say("%s", line)
}

func (v *view) outcome(o *plannerv1.Outcome, b *reasoningv1.Bill) error {
	v.answer = o.GetAnswer()
	if v.quiet {
		return nil
	}
	for _, d := range o.GetDegraded() {
		say("note   %s", d)
	}
	if len(o.GetCandidates()) > 1 {
		var list []string
		for _, c := range o.GetCandidates() {
			list = append(list, fmt.Sprintf("%s (%d, %.2f)", c.GetAnswer(), c.GetCount(), c.GetWeight()))
		}
		say("among  %s", strings.Join(list, ", "))
	}
	p, j, d := b.GetPolicy(), b.GetVerifier(), b.GetDifficulty()
	say("bill   policy %d generated, %d prompt, %d cached; verifier %d; difficulty %d generated, %d verifier",
		p.GetGeneratedTokens(), p.GetPromptTokens(), p.GetCachedTokens(), j.GetVerifierTokens(), d.GetGeneratedTokens(), d.GetVerifierTokens())
	stop := enumName(o.GetStopReason().String(), "STOP_REASON_")
	say("took   %v, stopped: %s", o.GetElapsed().AsDuration().Round(1e6), stop)
	if o.GetAnswer() == "" {
		v.failure = o.GetError().GetMessage()
		return nil
	}
	_, err := fmt.Println(o.GetAnswer())
	return err
}
