// Package verifierrpc carries verifier.Verifier over gRPC: [Register] serves a
// Verifier, and a [Client] is one.
package verifierrpc

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Client is a Verifier that calls a server over a connection. Its requests share a stream,
// which the first of them opens. Package mux describes when another stream replaces it.
type Client struct {
	server  string // name of the server, for people
	service verifierv1.VerifierServiceClient
	mux     *mux.Client[*verifierv1.ScoreRequest, *verifierv1.ScoreResponse]
}

var _ verifier.Verifier = (*Client)(nil)

// NewClient returns a Client over conn, which the caller closes after the Client.
func NewClient(conn grpc.ClientConnInterface) *Client {
	service := verifierv1.NewVerifierServiceClient(conn)
	open := func(ctx context.Context) (mux.Stream[*verifierv1.ScoreRequest, *verifierv1.ScoreResponse], error) {
		return service.Score(ctx)
	}
	cancel := func(id string) *verifierv1.ScoreRequest {
		return &verifierv1.ScoreRequest{RequestId: id, Action: &verifierv1.ScoreRequest_Cancel{Cancel: &verifierv1.Cancel{}}}
	}
	last := func(*verifierv1.ScoreResponse) bool { return true }
	c := &Client{server: "the verifier", service: service, mux: mux.NewClient(open, cancel, last)}
	if named, ok := conn.(interface{ Target() string }); ok {
		c.server = "the verifier at " + named.Target()
	}
	return c
}

// Close ends the stream. Requests in flight and later ones fail with
// reasoning.ErrUnavailable.
func (c *Client) Close() error { return c.mux.Close() }

// RewardModel implements verifier.Verifier.
func (c *Client) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	response, err := c.service.GetModel(ctx, &verifierv1.GetModelRequest{})
	if err != nil {
		return verifier.RewardModel{}, rpcerr.FromStatus(err)
	}
	return rewardModelFromProto(response)
}

// Score implements verifier.Verifier. It returns verifier.ErrBadScores if the server's
// scores do not fit the request, and reasoning.ErrImplausible if it claims what scoring cannot
// have cost. When ctx ends, it waits at most half a second until the server
// reports what was wasted.
func (c *Client) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	traceparent, baggage := wire.TraceContext(ctx)
	newRequest := func(id string) *verifierv1.ScoreRequest {
		return &verifierv1.ScoreRequest{
			RequestId:   id,
			Action:      &verifierv1.ScoreRequest_Path{Path: pathToProto(r)},
			Traceparent: traceparent,
			Baggage:     baggage,
		}
	}
	var result verifier.Result
	var err error
	for response, broken := range c.mux.Do(ctx, newRequest) { // yields exactly once
		result, err = readResponse(response, broken, r)
	}
	if errors.Is(err, wire.ErrMalformed) || errors.Is(err, reasoning.ErrImplausible) {
		err = fmt.Errorf("%s: %w", c.server, err)
	}
	if ended := ctx.Err(); ended != nil {
		err = ended
	}
	if err != nil {
		return verifier.Failed(result.Cost(), err), err
	}
	return result, nil
}

// readResponse returns the result that a response carries, or the error with its cost. What a
// request without a response has cost is unknown, unless the server cannot have received it.
func readResponse(response *verifierv1.ScoreResponse, broken error, r verifier.Request) (verifier.Result, error) {
	if broken != nil {
		var cost reasoning.Cost
		if !mux.Unsent(broken) {
			cost = r.Unreported()
		}
		return verifier.Result{}.WithCost(cost), rpcerr.FromStatus(broken)
	}
	if failure := response.GetError(); failure != nil {
		err := rpcerr.FromProto(failure)
		cost := reasoning.CostOf(err)
		if r.CheckCost(cost) != nil { // the error counts more than its cost
			cost = reasoning.Cost{}
		}
		return verifier.Result{}.WithCost(cost), err
	}
	result, err := scoresFromProto(response.GetScores())
	if err == nil {
		err = r.CheckCost(result.Cost())
	}
	if err != nil {
		return verifier.Result{}.WithCost(r.Unreported()), err
	}
	return result, r.Check(result.Scores)
}
