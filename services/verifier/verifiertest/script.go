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

// A Script is a Verifier that returns what its Reply function returns. It is safe for
// concurrent use and starts no goroutine. Requests do not wait for each other.
type Script struct {
	Reply    func(r verifier.Request) Reply
	Identity verifier.RewardModel // zero: a model of a million parameters, named "script", with AggregatorMin

	mu    sync.Mutex
	calls []*Call
}

// A Reply describes the result of one Score.
type Reply struct {
	Scores []float64     // Score checks them: an ErrBadScores if they break a rule
	Delay  time.Duration // before Score returns; Never blocks until ctx ends
	Err    error         // if not nil, is returned instead of the scores
	Wasted int64         // tokens that are billed if Score returns an error
}

// Never is the Delay of a Score that does not return before ctx ends.
const Never = time.Duration(math.MaxInt64)

// A Call records one call of Score.
type Call struct {
	Request verifier.Request
	Ended   bool
	Err     error // once Ended
}

// Steps returns a Script that takes delay for any path. The score of a step is a hash
// of the problem and the steps up to it, spread evenly over (0,1).
func Steps(delay time.Duration) *Script {
	return &Script{Reply: func(r verifier.Request) Reply {
		hash := fnv.New64a()
		io.WriteString(hash, r.Problem)
		scores := make([]float64, len(r.Steps))
		for i, s := range r.Steps {
			io.WriteString(hash, s)
			mixed := reasoning.Seed(hash.Sum64()).Child(0)
			scores[i] = (float64(mixed>>11) + 0.5) / (1 << 53)
		}
		return Reply{Scores: scores, Delay: delay}
	}}
}

// RewardModel returns the Identity, or the default one.
func (s *Script) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	if s.Identity == (verifier.RewardModel{}) {
		model := reasoning.Model{Name: "script", Tokenizer: "bytes", Template: "plain", Parameters: 1e6}
		return verifier.RewardModel{Model: model, Aggregator: verifier.AggregatorMin}, ctx.Err()
	}
	return s.Identity, ctx.Err()
}

// Calls returns the calls of Score with a valid request so far, in order of arrival.
func (s *Script) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, c := range s.calls {
		calls[i] = *c
	}
	return calls
}

// Score returns what Reply returns. It counts a token per byte of the path.
func (s *Script) Score(ctx context.Context, r verifier.Request) (result verifier.Result, err error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	model, err := s.RewardModel(ctx)
	if err != nil {
		return verifier.Result{}, err
	}
	call := s.begin(r)
	defer func() { s.end(call, err) }()

	reply := s.Reply(r)
	err = wait(ctx, reply.Delay)
	if err == nil {
		err = reply.Err
	}
	if err == nil {
		err = r.Check(reply.Scores)
	}
	if err != nil {
		wasted := reasoning.Usage{Verifier: reply.Wasted, FLOPs: model.FLOPs(reply.Wasted)}
		return verifier.Failed(reasoning.Cost{Usage: wasted}, err), err
	}
	tokens := int64(len(r.Problem))
	for _, s := range r.Steps {
		tokens += int64(len(s))
	}
	usage := reasoning.Usage{Verifier: tokens, FLOPs: model.FLOPs(tokens)}
	return verifier.Result{Scores: slices.Clone(reply.Scores), Usage: usage, Took: reply.Delay}, nil
}

// wait blocks for delay and returns nil, or until ctx ends and returns its error.
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
