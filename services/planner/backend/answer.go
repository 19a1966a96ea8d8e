package backend

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// An Answer is how policy or verifier answered one request of a search: with a child, with the
// scores of a path, or with a failure. An Answer with none of them is the usage of a request that
// the search called off.
type Answer struct {
	Request AnswerKey // for one child, or for one path
	Child   *policy.Child
	Scores  []float64
	Usage   reasoning.Usage // unless Child has it
	Waste   reasoning.Waste // the part of Usage that was wasted
	Unknown reasoning.Usage // upper bound of what was spent beyond Usage, and was never reported
	Failure *reasoning.Error
}

// cost returns what the request has cost, unless Child has it.
func (a Answer) cost() reasoning.Cost {
	return reasoning.Cost{Usage: a.Usage, Waste: a.Waste, Unknown: a.Unknown}
}

// withCost returns a with a cost.
func (a Answer) withCost(c reasoning.Cost) Answer {
	a.Usage, a.Waste, a.Unknown = c.Usage, c.Waste, c.Unknown
	return a
}

// An AnswerKey identifies a request within its search, by its node and its content: everything that
// its answer may depend on. Two nodes with the same text have two keys, since the search may have
// had the answer for only one of them.
type AnswerKey string

// answerKey returns the key of a formatted text.
func answerKey(format string, parts ...any) AnswerKey {
	h := sha256.New()
	fmt.Fprintf(h, format, parts...)
	return AnswerKey(h.Sum(nil)[:16])
}

// childKeys returns the key of the request for each child of r. It does not depend on MaxTokens: a
// budget may grant a resumed search more tokens for a child, and it must get the child that it had.
func childKeys(r policy.Request) []AnswerKey {
	prefix := answerKey("prefix %s %q %q %q %q %d %v %v",
		r.Node, r.Problem, r.Attempts, r.Steps, r.Stop, r.Span, r.Sampling.Temperature, r.Sampling.TopP)
	keys := make([]AnswerKey, len(r.Ordinals))
	for i, ordinal := range r.Ordinals {
		keys[i] = answerKey("child %q %d", prefix, r.Seed.Child(ordinal))
	}
	return keys
}

// scoreKey returns the key of a request for scores.
func scoreKey(r verifier.Request) AnswerKey {
	return answerKey("path %s %q %q", r.Node, r.Problem, r.Steps)
}

// failureOf returns what is recorded of an error: its kind and its reason, since texts of errors
// differ between releases.
func failureOf(err error) *reasoning.Error {
	kind, reason := reasoning.KindInternal, ""
	if e := reasoning.Classify(err); e != nil {
		kind, reason = e.Kind(), e.Reason()
	}
	return reasoning.NewError(kind, reason, reason)
}

// err returns the error of a recorded failure.
func (a Answer) err() error {
	return fmt.Errorf("%w (recorded before the search was resumed)", a.Failure)
}

// Encode returns the bytes of an Answer, for DecodeAnswer.
func (a Answer) Encode() []byte {
	c := codec{bytes: []byte{compact}}
	a.fields(&c)
	return c.bytes
}

// DecodeAnswer returns the Answer of bytes that Encode returned.
func DecodeAnswer(b []byte) (a Answer, err error) {
	if len(b) == 0 || b[0] != compact {
		return a, errors.New("these bytes are not an answer")
	}
	c := codec{reading: true, bytes: b[1:]}
	if a.fields(&c); c.broken || len(c.bytes) > 0 {
		return a, errors.New("these bytes are not an answer")
	}
	return a, nil
}

// Kinds of answers in their encoding.
const (
	usageAnswer = iota
	childAnswer
	scoresAnswer
	failureAnswer
)

// fields writes all fields to a codec, or reads them from it.
func (a *Answer) fields(c *codec) {
	key := string(a.Request)
	c.text(&key)
	a.Request = AnswerKey(key)
	kind := usageAnswer
	switch {
	case a.Child != nil:
		kind = childAnswer
	case a.Scores != nil:
		kind = scoresAnswer
	case a.Failure != nil:
		kind = failureAnswer
	}
	integer(c, &kind)
	switch kind {
	case usageAnswer:
		c.usage(&a.Usage)
		c.waste(&a.Waste, &a.Unknown)
	case childAnswer:
		a.childFields(c)
	case scoresAnswer:
		s := scored{a.Scores, a.Usage, a.Waste, a.Unknown}
		s.fields(c)
		a.Scores, a.Usage, a.Waste, a.Unknown = s.Scores, s.Usage, s.Waste, s.Unknown
	case failureAnswer:
		a.failureFields(c)
		c.usage(&a.Usage)
		c.waste(&a.Waste, &a.Unknown)
	default:
		c.fail()
	}
}

func (a *Answer) childFields(c *codec) {
	if c.reading {
		a.Child = &policy.Child{}
	}
	integer(c, &a.Child.Ordinal)
	r := recorded{a.Child.Steps, a.Child.Finish, a.Child.Usage, a.Child.Waste, a.Child.Unknown}
	r.fields(c)
	child := a.Child.WithCost(r.cost())
	child.Steps, child.Finish = r.Steps, r.Finish
	*a.Child = child
}

func (a *Answer) failureFields(c *codec) {
	var kind reasoning.Kind
	var reason string
	if !c.reading {
		kind, reason = a.Failure.Kind(), a.Failure.Reason()
	}
	integer(c, &kind)
	c.text(&reason)
	if c.reading {
		a.Failure = reasoning.NewError(kind, reason, reason)
	}
}

// calledOff reports whether an error says only that the search, or its planner, wanted no
// answer any more.
func calledOff(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.Canceled)
}
