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

// A Script is a Policy that returns what its Reply function returns. It is safe for
// concurrent use and starts no goroutine. All children of a request are generated
// concurrently: each takes its own Delay, counted from the start of the request.
type Script struct {
	Reply    func(r policy.Request, ordinal int) Reply // may ignore r.Stop: Expand cuts the child there
	Identity reasoning.Model                           // zero: a model of a million parameters, named "script"

	mu    sync.Mutex
	calls []*Call
}

// A Reply describes one child of an expansion.
type Reply struct {
	Child  policy.Child    // Expand sets its Ordinal, and its Usage and Generate where they are zero
	Delay  time.Duration   // from the start of the request to the end of the child; Never blocks until ctx ends
	Err    error           // if not nil, is yielded instead of the child and ends the request
	Wasted reasoning.Usage // billed if the request ends before the child is yielded

	// Do, if not nil, is called before the child is yielded, in the caller's
	// goroutine. It may panic or stop a worker.
	Do func()
}

// Never is the Delay of a child that is not yielded before ctx ends.
const Never = time.Duration(math.MaxInt64)

// A Call records one call of Expand.
type Call struct {
	Request  policy.Request
	Deadline time.Time // of the call's context; zero for none
	Yielded  []int     // ordinals of the children that the caller received
	Ended    bool
	Err      error // once Ended: nil if all children were yielded
}

// ErrStoppedEarly is the Err of a Call whose caller stopped the iteration before its
// end.
var ErrStoppedEarly = errors.New("caller stopped the iteration early")

// Steps returns a Script that generates solutions of depth steps. Each step has one
// digit, takes delay and has a token per byte; the last is an answer such as "A:3\n".
// Digits are drawn from 0 to 3 by the child's seed and the attempts shown; at
// temperature 0 a digit depends on the number of its step only.
func Steps(depth int, delay time.Duration) *Script {
	return &Script{Reply: func(r policy.Request, ordinal int) Reply {
		child := count(r, ordinal, depth)
		return Reply{Child: child, Delay: delay * time.Duration(len(child.Steps))}
	}}
}

// count generates a child of [Steps].
func count(r policy.Request, ordinal, depth int) policy.Child {
	seed, remaining, shown := r.Seed.Child(ordinal), r.Sampling.MaxTokens, hashAttempts(r)
	var steps []reasoning.Step
	for i := 0; ; i++ {
		place := len(r.Steps) + i + 1
		digit := place % 4
		if r.Sampling.Temperature > 0 {
			digit = rand.New(rand.NewPCG(uint64(seed), shown+uint64(i))).IntN(4)
		}
		last := place >= depth
		text := fmt.Sprintf("%d:%d\n", place, digit)
		if last {
			text = fmt.Sprintf("A:%d\n", digit)
		}
		tokens := min(len(text), remaining)
		remaining -= tokens
		steps = append(steps, reasoning.Step{Text: text[:tokens], Tokens: tokens, LogProb: -math.Log(4)})
		switch {
		case tokens < len(text):
			return policy.Child{Steps: steps, Finish: reasoning.FinishLength}
		case last:
			return policy.Child{Steps: steps, Finish: reasoning.FinishEnd}
		case len(steps) == r.Span:
			return policy.Child{Steps: steps, Finish: reasoning.FinishStep}
		case remaining == 0:
			return policy.Child{Steps: steps, Finish: reasoning.FinishLength}
		}
	}
}

// hashAttempts returns a hash of r.Attempts, 0 if there are none.
func hashAttempts(r policy.Request) uint64 {
	if len(r.Attempts) == 0 {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%q", r.Attempts)
	return h.Sum64()
}

// Model returns the Identity, or the default one.
func (s *Script) Model(ctx context.Context) (reasoning.Model, error) {
	if s.Identity == (reasoning.Model{}) {
		return reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}, ctx.Err()
	}
	return s.Identity, ctx.Err()
}

// Calls returns the calls of Expand with a valid request so far, in order of arrival.
func (s *Script) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, c := range s.calls {
		calls[i] = *c
		calls[i].Yielded = slices.Clone(c.Yielded)
	}
	return calls
}

// Expand yields a child for each Reply, in the order of their delays.
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
		err = ErrStoppedEarly // also if Do panics
		defer func() { s.end(call, err) }()

		replies := make([]Reply, len(r.Ordinals))
		for i, ordinal := range r.Ordinals {
			replies[i] = s.Reply(r, ordinal)
			replies[i].Child = cutAt(replies[i].Child, r.Stop)
			replies[i].Child.Ordinal = ordinal
		}
		slices.SortStableFunc(replies, func(a, b Reply) int { return cmp.Compare(a.Delay, b.Delay) })
		start := time.Now()
		for i, reply := range replies {
			cause := wait(ctx, start, reply.Delay)
			if cause == nil && reply.Do != nil {
				reply.Do()
			}
			if cause == nil {
				cause = reply.Err
			}
			if cause != nil {
				err = cause
				var wasted reasoning.Usage
				for _, unfinished := range replies[i:] {
					wasted = wasted.Add(unfinished.Wasted)
				}
				yield(policy.Child{Usage: wasted}, cause)
				return
			}
			if !yield(complete(reply, r, model, i == 0), nil) {
				return
			}
			s.record(call, reply.Child.Ordinal)
		}
		err = nil
	}
}

// cutAt returns c up to and including the first occurrence of stop, if there is one.
// A step that is cut has at most a token per byte.
func cutAt(c policy.Child, stop string) policy.Child {
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

// wait blocks until delay after start and returns nil, or until ctx ends and returns
// its error.
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

// complete returns the reply's child with its Usage and Generate, where they are zero,
// filled in. The first child is charged the prefix.
func complete(reply Reply, r policy.Request, model reasoning.Model, first bool) policy.Child {
	c := reply.Child
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
		c.Generate = reply.Delay
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

func (s *Script) record(c *Call, ordinal int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Yielded = append(c.Yielded, ordinal)
}

func (s *Script) end(c *Call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Ended, c.Err = true, err
}
