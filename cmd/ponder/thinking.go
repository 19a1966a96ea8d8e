package main

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

// thinking is the part of a question that says how long the policy thinks.
type thinking struct {
	Max    int32  `help:"Most tokens that the policy thinks before it must answer (budget forcing); 0 does not bound."`
	Min    int32  `help:"Fewest tokens that it thinks."`
	Waits  int32  `help:"How often it is told to go on where it would end."`
	Wait   string `help:"What it is told then, instead of its template's \"Wait\"." placeholder:"TEXT"`
	Mode   string `help:"How --think-max is held: force, reject (write again), advise (only tell)." placeholder:"MODE"`
	Advice string `help:"What the prompt says, too: tokens, steps, short, long." placeholder:"ADVICE"`
	Steps  int32  `help:"Steps that --think-advice steps tells." placeholder:"N"`
}

// request is nil if nothing is said.
func (t thinking) request() (*plannerv1.Thinking, error) {
	if t == (thinking{}) {
		return nil, nil
	}
	mode, err := plannerrpc.ParseThinkingMode(t.Mode)
	if err != nil {
		return nil, err
	}
	advice, err := plannerrpc.ParseThinkingAdvice(t.Advice)
	return &plannerv1.Thinking{
		MaxTokens: t.Max, MinTokens: t.Min, Waits: t.Waits, Wait: t.Wait, Mode: mode, Advice: advice, MaxSteps: t.Steps,
	}, err
}
