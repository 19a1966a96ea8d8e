package verifiertest

import (
	"context"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Script is a Verifier that says what Say tells it to. It is safe for concurrent
// use, starts no goroutine, and judges all paths at the same time, each in its own.
type Script struct {
	Say      func(r verifier.Request) Line
	Identity verifier.RewardModel // zero is a model of a million parameters, named "script", that aggregates by Min

	mu    sync.Mutex
	calls []*Call
}

// A Line is what becomes of one path.
type Line struct {
	Scores []float64     // wrong ones give an ErrBadScores
	Delay  time.Duration // until they are there; Never hangs until the caller is gone
	Err    error         // comes in their place
}

// Never is the delay of scores that do not come.
const Never = time.Duration(math.MaxInt64)

// A Call is what a Script saw of one Score.
type Call struct {
	Request verifier.Request
	Ended   bool
	Err     error // once Ended
}

// Steps is a Script that takes delay for any path. The score of a step is a hash of
// the problem and the steps up to it, spread evenly over (0,1).
func Steps(delay time.Duration) *Script {
	return &Script{Say: func(r verifier.Request) Line {
		hash := fnv.New64a()
		io.WriteString(hash, r.Problem)
		scores := make([]float64, len(r.Steps))
		for i, s := range r.Steps {
			io.WriteString(hash, s)
			mixed := reasoning.Seed(hash.Sum64()).Child(0)
			scores[i] = (float64(mixed>>11) + 0.5) / (1 << 53)
		}
		return Line{Scores: scores, Delay: delay}
	}}
}

// RewardModel is the Script's Identity.
func (s *Script) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	if s.Identity == (verifier.RewardModel{}) {
		model := reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}
		return verifier.RewardModel{Model: model, Aggregator: verifier.AggregatorMin}, ctx.Err()
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
	}
	return calls
}

// Score does what Say says. A byte of the path is a token.
func (s *Script) Score(ctx context.Context, r verifier.Request) (result verifier.Result, err error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	judge, err := s.RewardModel(ctx)
	if err != nil {
		return verifier.Result{}, err
	}
	call := s.begin(r)
	defer func() { s.end(call, err) }()

	line := s.Say(r)
	if err := wait(ctx, line.Delay); err != nil {
		return verifier.Result{}, err
	}
	if line.Err != nil {
		return verifier.Result{}, line.Err
	}
	if err := r.Check(line.Scores); err != nil {
		return verifier.Result{}, err
	}
	tokens := int64(len(r.Problem))
	for _, s := range r.Steps {
		tokens += int64(len(s))
	}
	usage := reasoning.Usage{Verifier: tokens, FLOPs: judge.FLOPs(tokens)}
	return verifier.Result{Scores: slices.Clone(line.Scores), Usage: usage, Took: line.Delay}, nil
}

func wait(ctx context.Context, delay time.Duration) error {
	var due <-chan time.Time
	if delay != Never {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	}
	return ctx.Err()
}

func (s *Script) begin(r verifier.Request) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := &Call{Request: r}
	s.calls = append(s.calls, call)
	return call
}

func (s *Script) end(c *Call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Ended, c.Err = true, err
}
