package main

import "github.com/ponder-mesh/ponder/services/planner/backend"

// thinking holds the flags that bound how long the policy thinks.
type thinking struct {
	Max    int32   `help:"Maximum thinking tokens before the policy must answer (budget forcing); 0: no bound."`
	Min    int32   `help:"Minimum thinking tokens."`
	Waits  int32   `help:"How many times thinking is continued where it would end."`
	Wait   *string `help:"Text that continues thinking, instead of the template's \"Wait\"; an empty text, --think-wait=, continues it without a word." placeholder:"TEXT"`
	Mode   string  `help:"How --think-max is enforced: force, reject (sample again), advise (prompt only)." placeholder:"MODE"`
	Advice string  `help:"Advice on length in the prompt: tokens, steps, short, long." placeholder:"ADVICE"`
	Steps  int32   `help:"Number of steps in the advice of --think-advice steps." placeholder:"N"`
}

// parse returns the Thinking that the flags describe, or nil if no flag is set.
func (t thinking) parse() (*backend.Thinking, error) {
	if t == (thinking{}) {
		return nil, nil
	}
	out := &backend.Thinking{
		Mode: backend.ModeForce, Max: int(t.Max), Min: int(t.Min), Waits: int(t.Waits), Steps: int(t.Steps),
	}
	if t.Wait != nil {
		out.Wait, out.EmptyWait = *t.Wait, *t.Wait == ""
	}
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
