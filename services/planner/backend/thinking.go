package backend

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A Thinking bounds how long a policy thinks before it answers. See [Think].
type Thinking struct {
	Max       int    // most tokens of thinking on a path; 0 is no bound
	Min       int    // fewest tokens, as far as MaxWaits allow
	Waits     int    // number of ends of thinking to suppress, even if Min is reached
	Wait      string // replaces a suppressed end; "" is the template's, unless EmptyWait
	EmptyWait bool   `json:",omitempty"` // nothing replaces a suppressed end; left out so that older digests of requests stay
	Mode      Mode   // of enforcing Max
	Advice    Advice // on length, in the prompt; 0 is none
	Steps     int    // named by AdviceSteps
}

// A Mode is a way to enforce the bound on thinking. Its names are the contract's.
type Mode int

const (
	ModeForce  Mode = iota + 1 // thinking that reaches the bound is ended, and must answer
	ModeReject                 // thinking that exceeds the bound is discarded and sampled again
	ModeAdvise                 // only the prompt names the bound
)

var modeNames = []string{"force", "reject", "advise"}

func (m Mode) String() string { return nameOf(modeNames, int(m)) }

// ParseMode returns the mode with this name.
func ParseMode(name string) (Mode, error) {
	m, err := valueOf("thinking.mode", modeNames, name)
	return Mode(m), err
}

// An Advice is a sentence after the problem: the baselines of s1, table 4 and
// appendix E. Its zero value is none.
type Advice int

const (
	AdviceTokens Advice = iota + 1 // token-conditional: the bound, which models cannot count
	AdviceSteps                    // step-conditional
	AdviceShort                    // class-conditional, as reasoning_effort is
	AdviceLong
)

var adviceNames = []string{"tokens", "steps", "short", "long"}

func (a Advice) String() string { return nameOf(adviceNames, int(a)) }

// ParseAdvice returns the advice with this name.
func ParseAdvice(name string) (Advice, error) {
	a, err := valueOf("thinking.advice", adviceNames, name)
	return Advice(a), err
}

// nameOf returns the name of an enum's value, whose first is 1.
func nameOf(names []string, value int) string {
	if value < 1 || value > len(names) {
		return "unknown"
	}
	return names[value-1]
}

// valueOf returns the value of an enum, whose first is 1, with this name.
func valueOf(field string, names []string, name string) (int, error) {
	i := slices.Index(names, name)
	if i < 0 {
		return 0, reasoning.Invalid(field, "%q must be one of %v", name, names)
	}
	return i + 1, nil
}

// Limits of a Thinking.
const (
	MaxWaits = 64
	MaxWait  = 256 // bytes of Thinking.Wait
	MaxTries = 16  // samples of a child with ModeReject
)

// Validate returns a *reasoning.InvalidError for the first rule that t breaks, for
// children of at most so many tokens.
func (t Thinking) Validate(maxTokens int) error {
	continues := t.Min > 0 || t.Waits > 0
	forces := continues || t.Wait != "" || t.EmptyWait
	switch {
	case t.Mode < ModeForce || t.Mode > ModeAdvise:
		return reasoning.Invalid("thinking.mode", "is not known here: %d", t.Mode)
	case t.Advice < 0 || t.Advice > AdviceLong:
		return reasoning.Invalid("thinking.advice", "is not known here: %d", t.Advice)
	case t.Max < 0 || t.Max >= maxTokens:
		return reasoning.Invalid("thinking.max_tokens", "must be 0 (no bound) to %d, less than sampling.max_tokens "+
			"so that there is room for an answer; is %d", maxTokens-1, t.Max)
	case t.Min < 0 || t.Min >= maxTokens || t.Max > 0 && t.Min > t.Max:
		return reasoning.Invalid("thinking.min_tokens",
			"must be 0 to max_tokens, and less than sampling.max_tokens, is %d", t.Min)
	case t.Waits < 0 || t.Waits > MaxWaits:
		return reasoning.Invalid("thinking.waits", "must be 0 to %d, is %d", MaxWaits, t.Waits)
	case len(t.Wait) > MaxWait || !utf8.ValidString(t.Wait):
		return reasoning.Invalid("thinking.wait", "must be at most %d bytes of UTF-8", MaxWait)
	case t.EmptyWait && t.Wait != "":
		return reasoning.Invalid("thinking.empty_wait", "must be false where there is a wait: remove one of them")
	case t.Mode == ModeForce && t.Max == 0 && t.Min == 0 && t.Waits == 0 && t.Advice == 0:
		return reasoning.Invalid("thinking", "must have max_tokens, min_tokens, waits or advice")
	case t.Mode == ModeReject && t.Max == 0:
		return reasoning.Invalid("thinking.max_tokens", "must be at least 1 where what exceeds it is rejected")
	case t.Mode == ModeAdvise && t.Advice == 0:
		return reasoning.Invalid("thinking.advice", "must be given where nothing but advice is")
	case t.Mode != ModeForce && forces:
		return reasoning.Invalid("thinking.mode", "must be force where there are min_tokens, waits, a wait or empty_wait")
	case t.Wait != "" && !continues:
		return reasoning.Invalid("thinking.wait", "has no effect without waits or min_tokens: remove it, or set one of them")
	case t.EmptyWait && !continues:
		return reasoning.Invalid("thinking.empty_wait", "has no effect without waits or min_tokens: remove it, or set one of them")
	case t.Advice == AdviceTokens && t.Max == 0:
		return reasoning.Invalid("thinking.max_tokens", "must be at least 1 where it is advised")
	case (t.Advice == AdviceSteps) != (t.Steps > 0) || t.Steps > policy.MaxSteps:
		return reasoning.Invalid("thinking.max_steps",
			"must be 1 to %d where it is advised, and else 0; is %d", policy.MaxSteps, t.Steps)
	}
	return nil
}

// Format returns the prompt template of a model. It returns an InvalidError if the template
// does not mark thinking.
func (t Thinking) Format(model reasoning.Model) (template.Template, error) {
	if t.Mode == ModeAdvise {
		return template.Template{}, nil
	}
	format, err := template.Lookup(model.Template)
	if err != nil || format.Thinking.End == "" {
		return format, reasoning.Invalid("thinking", "needs a policy whose prompt template marks the end of thinking, "+
			"such as one of %v; %s has %q", template.Thinkers(), model.Name, model.Template)
	}
	return format, nil
}

// sentence returns the advice that is added to the problem.
func (t Thinking) sentence() string {
	switch t.Advice {
	case AdviceTokens:
		return fmt.Sprintf("\n\nThink for up to %d tokens.", t.Max)
	case AdviceSteps:
		return fmt.Sprintf("\n\nThink for up to %d steps.", t.Steps)
	case AdviceShort:
		return "\n\nAnswer after a short amount of thinking. " +
			"Do not spend excessive time double-checking your work."
	case AdviceLong:
		return "\n\nAnswer after a long amount of thinking. If you feel like you are finished early, " +
			"spend the extra time trying to double-check your work " +
			"until you are absolutely sure that you have the correct answer."
	}
	return ""
}
