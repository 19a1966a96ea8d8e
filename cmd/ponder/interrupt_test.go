package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
)

// A planner whose search never ends by itself.
type endless struct {
	plannerv1.PlannerServiceClient
	mute, deaf bool // says no id; does not answer a cancel

	cancelled chan string
}

func (p *endless) Solve(ctx context.Context, _ *plannerv1.SolveRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[plannerv1.SolveResponse], error) {
	events := make(chan *plannerv1.SearchEvent, 1)
	if !p.mute {
		events <- &plannerv1.SearchEvent{SearchId: "s", State: plannerv1.SearchState_SEARCH_STATE_RUNNING}
	}
	return &endlessStream{ctx: ctx, events: events, cancelled: p.cancelled}, nil
}

func (p *endless) CancelSearch(ctx context.Context, r *plannerv1.CancelSearchRequest, _ ...grpc.CallOption) (*plannerv1.CancelSearchResponse, error) {
	if p.deaf {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	p.cancelled <- r.GetSearchId()
	return &plannerv1.CancelSearchResponse{}, nil
}

type endlessStream struct {
	grpc.ClientStream
	ctx       context.Context
	events    chan *plannerv1.SearchEvent
	cancelled chan string
	over      bool
}

func (s *endlessStream) Recv() (*plannerv1.SolveResponse, error) {
	if s.over {
		return nil, io.EOF
	}
	select {
	case e := <-s.events:
		return &plannerv1.SolveResponse{Event: e}, nil
	case id := <-s.cancelled:
		s.over = true
		return &plannerv1.SolveResponse{Event: &plannerv1.SearchEvent{SearchId: id, State: plannerv1.SearchState_SEARCH_STATE_CANCELLED}}, nil
	case <-s.ctx.Done():
		return nil, status.FromContextError(s.ctx.Err()).Err()
	}
}

// Ctrl-C cancels the search, and never leaves the command hanging on a planner that
// does not answer.
func TestInterrupt(t *testing.T) {
	for name, c := range map[string]struct {
		mute, deaf bool
		took       time.Duration // from Ctrl-C to the end
		says       string
	}{
		"planner answers":           {},
		"planner is deaf":           {deaf: true, took: cancelPatience, says: "try: ponder cancel s"},
		"planner never said the id": {mute: true, took: cancelPatience, says: "if so, it goes on"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, interrupt)
				planner := &endless{mute: c.mute, deaf: c.deaf, cancelled: make(chan string, 1)}
				start := time.Now()
				_, said := capture(t, func() {
					if err := (&solveCmd{}).follow(ctx, planner, &plannerv1.SolveRequest{}, &output{}); !errors.Is(err, errInterrupted) {
						t.Errorf("got %v, want errInterrupted", err)
					}
				})
				if got := time.Since(start); got != time.Second+c.took {
					t.Errorf("took %v, want %v", got, time.Second+c.took)
				}
				if !strings.Contains(said, c.says) {
					t.Errorf("said %q, want %q in it", said, c.says)
				}
			})
		})
	}
}

func TestMissingPlannerIsNamed(t *testing.T) {
	err := plannerTarget{PlannerAddr: "here:1"}.explain(status.Error(codes.Unavailable, "no children to pick from"))
	if !strings.Contains(err.Error(), "planner at here:1") || !strings.Contains(err.Error(), "ponder dev") {
		t.Errorf("%q says neither where nor what to do", err)
	}
	other := status.Error(codes.InvalidArgument, "n: must be positive")
	if got := (plannerTarget{}).explain(other).Error(); got != "n: must be positive" {
		t.Errorf("another error became %q", got)
	}
}

func TestWrongUsageIsTold(t *testing.T) {
	for _, run := range []func() error{
		func() error {
			return (&solveCmd{question: question{Problem: "p", Strategy: "dfs"}}).Run(t.Context(), &output{})
		},
		func() error {
			return (&planCmd{question: question{Problem: "p", Effort: "huge"}}).Run(t.Context(), &output{})
		},
	} {
		if err := run(); !errors.As(err, new(usageError)) {
			t.Errorf("got %v, want a usageError", err)
		}
	}
}
