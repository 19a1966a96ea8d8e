package verifierrpc

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves v over gRPC until the test ends and returns a client of it.
func serve(t *testing.T, v verifier.Verifier) *Client {
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { Register(r, v) })
	c := NewClient(s.Conn)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestConformance(t *testing.T) {
	verifiertest.Run(t, func(t *testing.T) verifier.Verifier {
		return serve(t, verifiertest.Steps(0))
	}, verifiertest.Options{})
}

func TestConformanceInABubble(t *testing.T) {
	verifiertest.Run(t, func(t *testing.T) verifier.Verifier {
		return serve(t, verifiertest.Steps(10*time.Millisecond))
	}, verifiertest.Options{Bubble: true})
}

var request = verifier.Request{Search: "s", Problem: "p", Steps: []string{"1\n", "2\n"}}

func TestCancelReachesTheModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := verifiertest.Steps(time.Hour)
		c := serve(t, script)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := c.Score(ctx, request)
		if took := time.Since(start); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after %v, want the deadline after 1m", err, took)
		}
		synctest.Wait()
		if calls := script.Calls(); len(calls) != 1 || !errors.Is(calls[0].Err, context.Canceled) {
			t.Errorf("the model's calls are %+v, want one, cancelled", calls)
		}
	})
}

// What a failed or cancelled score has cost arrives with its cause.
func TestWasteCrossesTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wasted := reasoning.Usage{Verifier: 11, FLOPs: 22e6}
		for name, c := range map[string]struct {
			reply verifiertest.Reply
			want  reasoning.Waste
		}{
			"unavailable": {verifiertest.Reply{Err: reasoning.ErrUnavailable, Wasted: 11}, reasoning.Waste{Failed: wasted}},
			"bad scores":  {verifiertest.Reply{Scores: []float64{2}, Wasted: 11}, reasoning.Waste{Failed: wasted}},
			"deadline":    {verifiertest.Reply{Delay: time.Hour, Wasted: 11}, reasoning.Waste{Cancelled: wasted}},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			script := &verifiertest.Script{Reply: func(verifier.Request) verifiertest.Reply { return c.reply }}
			result, err := serve(t, script).Score(ctx, request)
			if err == nil || result.Scores != nil || result.Cost() != reasoning.Wasted(c.want) {
				t.Errorf("%s: got %+v and error %v, want waste %+v", name, result, err, c.want)
			}
			if name == "deadline" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want the deadline", err)
			}
		}
	})
}

// Scores that claim what scoring cannot have cost are refused by an error that names the server, and their cost is
// unknown.
func TestServerThatLies(t *testing.T) {
	for name, usage := range map[string]*reasoningv1.Usage{
		"too many":     {VerifierTokens: 1 << 40},
		"negative":     {VerifierTokens: -1},
		"cached":       {CachedTokens: math.MaxInt64},
		"a policy's":   {GeneratedTokens: 1},
		"FLOPs":        {VerifierTokens: 5, Flops: 1e200},
		"not a number": {Flops: math.Inf(1)},
	} {
		s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) {
			verifierv1.RegisterVerifierServiceServer(r, liar{usage: usage})
		})
		c := NewClient(s.Conn)
		defer c.Close()
		result, err := c.Score(t.Context(), request)
		if result.Scores != nil || result.Cost() != request.Unreported() || err == nil || reasoning.Transient(err) ||
			!strings.Contains(err.Error(), s.Conn.Target()) {
			t.Errorf("%s: got %+v and error %v, want a permanent one that names %s", name, result, err, s.Conn.Target())
		}
	}
}

// A liar is a server whose scores have cost what it wants.
type liar struct {
	verifierv1.UnimplementedVerifierServiceServer
	usage *reasoningv1.Usage
}

func (l liar) Score(s grpc.BidiStreamingServer[verifierv1.ScoreRequest, verifierv1.ScoreResponse]) error {
	q, err := s.Recv()
	if err != nil {
		return err
	}
	scores := &verifierv1.Scores{Values: make([]float64, len(q.GetPath().GetSteps())), Usage: l.usage}
	return s.Send(&verifierv1.ScoreResponse{RequestId: q.RequestId, Result: &verifierv1.ScoreResponse_Scores{Scores: scores}})
}

func TestErrorsKeepTheirIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		reply verifiertest.Reply
		want  error
	}{
		"bad scores": {verifiertest.Reply{Scores: []float64{1}}, verifier.ErrBadScores},
		"overloaded": {verifiertest.Reply{Err: reasoning.ErrOverloaded}, reasoning.ErrOverloaded},
	} {
		script := &verifiertest.Script{Reply: func(verifier.Request) verifiertest.Reply { return c.reply }}
		if result, err := serve(t, script).Score(t.Context(), request); !errors.Is(err, c.want) || result.Scores != nil {
			t.Errorf("%s: got %v and %v, want %v", name, result.Scores, err, c.want)
		}
	}
}

// A client refuses scores that do not fit the request.
func TestClientRefusesWrongNumberOfScores(t *testing.T) {
	s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { verifierv1.RegisterVerifierServiceServer(r, oneScore{}) })
	c := NewClient(s.Conn)
	defer c.Close()
	if _, err := c.Score(t.Context(), request); !errors.Is(err, verifier.ErrBadScores) {
		t.Errorf("got %v, want ErrBadScores", err)
	}
}

// oneScore is a server that returns one score for any number of steps.
type oneScore struct {
	verifierv1.UnimplementedVerifierServiceServer
}

// Score implements verifierv1.VerifierServiceServer.
func (oneScore) Score(s grpc.BidiStreamingServer[verifierv1.ScoreRequest, verifierv1.ScoreResponse]) error {
	q, err := s.Recv()
	if err != nil {
		return err
	}
	scores := &verifierv1.ScoreResponse_Scores{Scores: &verifierv1.Scores{Values: []float64{1}}}
	return s.Send(&verifierv1.ScoreResponse{RequestId: q.RequestId, Result: scores})
}
