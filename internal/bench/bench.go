// Package bench asks a planner the same problems with different strategies and
// counts what came out: how many answers were right, and what they cost.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/eval"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
)

// An Arm is one way to search.
type Arm struct {
	Name     string // "beam"
	N        int
	Strategy *plannerv1.Strategy
	Choice   plannerv1.Choice
}

func (a Arm) String() string { return fmt.Sprintf("%s %d", a.Name, a.N) }

// Greedy, Majority, BestOfN and Beam are the arms of the first four strategies. A
// beam has width 4, or n where that is less.
func Greedy() Arm {
	return Arm{Name: "greedy", N: 1, Strategy: &plannerv1.Strategy{Kind: &plannerv1.Strategy_Greedy{Greedy: &plannerv1.Greedy{}}}}
}

// Majority of n samples.
func Majority(n int) Arm {
	return Arm{Name: "majority", N: n, Strategy: &plannerv1.Strategy{Kind: &plannerv1.Strategy_Majority{Majority: &plannerv1.Majority{N: int32(n)}}}}
}

// BestOfN samples.
func BestOfN(n int) Arm {
	return Arm{Name: "best-of-n", N: n, Strategy: &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: int32(n)}}}}
}

// Beam of n.
func Beam(n int) Arm {
	return Arm{Name: "beam", N: n, Strategy: &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{N: int32(n)}}}}
}

// A Row is what one arm did on all problems.
type Row struct {
	Arm
	Right    []float64 // 1 or 0, problem by problem
	Outcomes []*plannerv1.Outcome
	Searches []string // their ids
	Policy   int64    // tokens generated
	Prompt   int64    // tokens of prefixes read
	Verifier int64    // tokens judged
	FLOPs    float64
	Wall     time.Duration
}

// Accuracy of the arm with its 95 % interval.
func (r Row) Accuracy() eval.Estimate {
	right := 0
	for _, x := range r.Right {
		right += int(x)
	}
	return eval.Wilson(right, len(r.Right))
}

// Runner asks a planner.
type Runner struct {
	Planner    plannerv1.PlannerServiceClient
	Problems   []eval.Problem
	Concurrent int    // searches at a time
	Seed       uint64 // of all searches
	Timeout    time.Duration
	// Done, if not nil, is told of each search that ended; not at the same time.
	Done func(right bool)
}

// Run asks all problems with one arm. A search that ends without an answer is a
// wrong answer; one that could not be asked is an error.
func (r Runner) Run(ctx context.Context, arm Arm) (Row, error) {
	row := Row{
		Arm: arm, Right: make([]float64, len(r.Problems)),
		Outcomes: make([]*plannerv1.Outcome, len(r.Problems)), Searches: make([]string, len(r.Problems)),
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.Concurrent)
	start := time.Now()
	for i, p := range r.Problems {
		group.Go(func() error {
			event, err := r.solve(ctx, arm, p)
			if err != nil {
				return fmt.Errorf("problem %s with %s: %w", p.ID, arm, err)
			}
			mu.Lock()
			defer mu.Unlock()
			row.Outcomes[i], row.Searches[i] = event.GetOutcome(), event.GetSearchId()
			if answer.Correct(event.GetOutcome().GetAnswer(), p.Answer) {
				row.Right[i] = 1
			}
			b := event.GetBill()
			row.Policy += b.GetPolicy().GetGeneratedTokens() + b.GetDifficulty().GetGeneratedTokens()
			row.Prompt += b.GetPolicy().GetPromptTokens() + b.GetDifficulty().GetPromptTokens()
			row.Verifier += b.GetVerifier().GetVerifierTokens() + b.GetDifficulty().GetVerifierTokens()
			row.FLOPs += b.GetPolicy().GetFlops() + b.GetVerifier().GetFlops() + b.GetDifficulty().GetFlops()
			if r.Done != nil {
				r.Done(row.Right[i] == 1)
			}
			return nil
		})
	}
	err := group.Wait()
	row.Wall = time.Since(start)
	return row, err
}

// solve returns a search's last event.
func (r Runner) solve(ctx context.Context, arm Arm, p eval.Problem) (*plannerv1.SearchEvent, error) {
	ctx, stop := context.WithTimeout(ctx, r.Timeout)
	defer stop()
	stream, err := r.Planner.Solve(ctx, &plannerv1.SolveRequest{
		Problem: p.Text, Strategy: arm.Strategy, Choice: arm.Choice, Seed: &r.Seed, CancelOnDisconnect: true,
	})
	if err != nil {
		return nil, rpcerr.FromStatus(err)
	}
	var last *plannerv1.SearchEvent
	for {
		response, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			if last.GetOutcome() == nil {
				return nil, errors.New("the stream ended without an outcome")
			}
			return last, nil
		case err != nil:
			return nil, rpcerr.FromStatus(err)
		}
		last = response.GetEvent()
	}
}
