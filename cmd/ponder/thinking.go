package main

import "github.com/ponder-mesh/ponder/services/planner/backend"

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

// parse returns nil if no flag is given.
func (t thinking) parse() (*backend.Thinking, error) {
	if t == (thinking{}) {
		return nil, nil
	}
	out := &backend.Thinking{Mode: backend.ModeForce, Max: int(t.Max), Min: int(t.Min), Waits: int(t.Waits), Wait: t.Wait, Steps: int(t.Steps)}
	var err error
	if t.Mode != "" {
		if out.Mode, err = backend.ParseMode(t.Mode); err != nil {
			return nil, err
		}
	}
	if t.Advice != "" {
		if out.Advice, err = backend.ParseAdvice(t.Advice); err != nil {
			return nil, err
		}
	}
	return out, nil
}
