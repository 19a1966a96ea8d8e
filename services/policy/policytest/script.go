package policytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A Script is a Policy that says what Say tells it to. It is safe for concurrent
// use, starts no goroutine, and all children of a request are written at the same
// time, each in its own.
type Script struct {
	Say      func(r policy.Request, ordinal int) Line // it need not mind r.Stop
	Identity reasoning.Model                          // zero is a model of a million parameters, named "script"

	mu    sync.Mutex
	calls []*Call
}

// A Line is what becomes of one child.
type Line struct {
	Child policy.Child    // Ordinal is filled in; so are Usage and Generate where they are zero
	Delay time.Duration   // from the request's start until it is finished; Never hangs until the caller is gone
	Err   error           // comes in the child's place and ends the request
	Vain  reasoning.Usage // what the child has cost if the request ends before it comes
	Do    func()          // if not nil, is called before the child comes, in the caller's goroutine: it may panic or stop a worker
}

// Never is the delay of a child that does not come.
const Never = time.Duration(math.MaxInt64)

// A Call is what a Script saw of one Expand.
type Call struct {
	Request  policy.Request
	Deadline time.Time // by which the caller wants it; zero for none
	Given    []int     // ordinals of the children that the caller took
	Ended    bool
	Err      error // once Ended: nil if all children were given
}

// ErrLeft is the Err of a Call whose caller left the range early.
var ErrLeft = errors.New("caller left")

// Steps is a Script that counts: a solution has depth steps of one digit each, the
// last of them an answer such as "A:3\n". A step takes delay to write and a token a
// byte. Digits are drawn from 0 to 3, in view of earlier attempts, at temperature 0 by
// the step's place alone.
func Steps(depth int, delay time.Duration) *Script {
	return &Script{Say: func(r policy.Request, ordinal int) Line {
		child := count(r, ordinal, depth)
		return Line{Child: child, Delay: delay * time.Duration(len(child.Steps))}
	}}
}

func count(r policy.Request, ordinal, depth int) policy.Child {
	seed, left, seen := r.Seed.Child(ordinal), r.Sampling.MaxTokens, attempts(r)
	var steps []reasoning.Step
	for i := 0; ; i++ {
		place := len(r.Steps) + i + 1
		digit := place % 4
		if r.Sampling.Temperature > 0 {
			digit = rand.New(rand.NewPCG(uint64(seed), seen+uint64(i))).IntN(4)
		}
		last := place >= depth
		text := fmt.Sprintf("%d:%d\n", place, digit)
		if last {
			text = fmt.Sprintf("A:%d\n", digit)
		}
		tokens := min(len(text), left)
		left -= tokens
		steps = append(steps, reasoning.Step{Text: text[:tokens], Tokens: tokens, LogProb: -math.Log(4)})
		switch {
		case tokens < len(text):
			return policy.Child{Steps: steps, Finish: reasoning.FinishLength}
		case last:
			return policy.Child{Steps: steps, Finish: reasoning.FinishEnd}
		case len(steps) == r.Span:
			return policy.Child{Steps: steps, Finish: reasoning.FinishStep}
		case left == 0:
			return policy.Child{Steps: steps, Finish: reasoning.FinishLength}
		}
	}
}

// attempts is a hash of those that r shows; 0 if it shows none.
func attempts(r policy.Request) uint64 {
	if len(r.Attempts) == 0 {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%q", r.Attempts)
	return h.Sum64()
}

// Model is the Script's Identity.
func (s *Script) Model(ctx context.Context) (reasoning.Model, error) {
	if s.Identity == (reasoning.Model{}) {
		return reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}, ctx.Err()
	}
	return s.Identity, ctx.Err()
}

// Calls is what was asked so far, valid requests only, in order of arrival.
func (s *Script) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, c := range s.calls {
		calls[i] = *c
		calls[i].Given = slices.Clone(c.Given)
	}
	return calls
}

// Expand does what Say says.
func (s *Script) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		model, err := s.Model(ctx)
		if invalid := r.Validate(); invalid != nil {
			err = invalid
		} else if err == nil && !r.Model.Accepts(model) {
			err = fmt.Errorf("%w: want %q, have %q", policy.ErrModel, r.Model.Name, model.Name)
		}
		if err != nil {
			yield(policy.Child{}, err)
			return
		}
		call := s.begin(ctx, r)
		err = ErrLeft // also if Do panics
		defer func() { s.end(call, err) }()

		lines := make([]Line, len(r.Ordinals))
		for i, ordinal := range r.Ordinals {
			lines[i] = s.Say(r, ordinal)
			lines[i].Child = stopped(lines[i].Child, r.Stop)
			lines[i].Child.Ordinal = ordinal
		}
		slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.Delay, b.Delay) })
		start := time.Now()
		for i, l := range lines {
			cause := wait(ctx, start, l.Delay)
			if cause == nil && l.Do != nil {
				l.Do()
			}
			if cause == nil {
				cause = l.Err
			}
			if cause != nil {
				err = cause
				var vain reasoning.Usage
				for _, l := range lines[i:] {
					vain = vain.Add(l.Vain)
				}
				yield(policy.Child{Usage: vain}, cause)
				return
			}
			if !yield(finish(l, r, model, i == 0), nil) {
				return
			}
			s.give(call, l.Child.Ordinal)
		}
		err = nil
	}
}

// stopped is c up to the stop, if that is in it. Where it is inside a step, the step
// has a token a byte.
func stopped(c policy.Child, stop string) policy.Child {
	for i, s := range c.Steps {
		if at := strings.Index(s.Text, stop); stop != "" && at >= 0 {
			s.Text = s.Text[:at+len(stop)]
			s.Tokens = min(s.Tokens, len(s.Text))
			c.Steps, c.Finish = append(slices.Clone(c.Steps[:i]), s), reasoning.FinishStep
			break
		}
	}
	return c
}

// wait until delay after start.
func wait(ctx context.Context, start time.Time, delay time.Duration) error {
	var due <-chan time.Time
	if delay != Never {
		timer := time.NewTimer(time.Until(start.Add(delay)))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	}
	return ctx.Err()
}

// finish fills in what the line left open.
func finish(l Line, r policy.Request, model reasoning.Model, first bool) policy.Child {
	c := l.Child
	if c.Usage == (reasoning.Usage{}) {
		for _, s := range c.Steps {
			c.Usage.Generated += int64(s.Tokens)
		}
		if first {
			c.Usage.Prompt = int64(len(r.Problem))
			for _, s := range slices.Concat(r.Attempts, r.Steps) {
				c.Usage.Prompt += int64(len(s))
			}
		}
		c.Usage.FLOPs = model.FLOPs(c.Usage.Generated + c.Usage.Prompt)
	}
	if c.Generate == 0 {
		c.Generate = l.Delay
	}
	return c
}

func (s *Script) begin(ctx context.Context, r policy.Request) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := &Call{Request: r}
	call.Deadline, _ = ctx.Deadline()
	s.calls = append(s.calls, call)
	return call
}

func (s *Script) give(c *Call, ordinal int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Given = append(c.Given, ordinal)
}

func (s *Script) end(c *Call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Ended, c.Err = true, err
}
