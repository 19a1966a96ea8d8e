// Package difficultyrpc carries difficulty.Estimator over gRPC: [Register] serves an
// Estimator, and a [Client] is one.
package difficultyrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	difficultyv1 "github.com/ponder-mesh/ponder/proto/ponder/difficulty/v1"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// A Client is an Estimator that a server at the other end of a connection runs.
type Client struct {
	service difficultyv1.DifficultyServiceClient
}

var _ difficulty.Estimator = (*Client)(nil)

// NewClient returns a Client over conn, which the caller closes.
func NewClient(conn grpc.ClientConnInterface) *Client {
	return &Client{difficultyv1.NewDifficultyServiceClient(conn)}
}

// Estimate implements difficulty.Estimator. It fails with wire.ErrMalformed if the
// server's stream ends without a final estimate, and with reasoning.ErrImplausible if the server
// claims what the samples cannot have cost. What an estimate that is cancelled, or whose stream
// breaks, has cost is unknown.
func (c *Client) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	return func(yield func(difficulty.Estimate, error) bool) {
		if err := r.Validate(); err != nil {
			yield(difficulty.Estimate{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx) // ends the stream if the caller stops early
		defer cancel()
		stream, err := c.service.Estimate(ctx, estimateRequestToProto(r))
		sent, claimed := err == nil, claim{request: r}
		for final := false; ; {
			var estimate difficulty.Estimate
			if err == nil {
				estimate, err = receive(stream)
			}
			if err == nil {
				estimate, err = claimed.check(estimate)
			}
			switch {
			case errors.Is(err, io.EOF) && final:
				return
			case errors.Is(err, io.EOF):
				err = fmt.Errorf("%w: stream ended without a final estimate", wire.ErrMalformed)
			}
			if err != nil {
				yield(difficulty.Estimate{}.WithCost(claimed.costOf(err, sent)), rpcerr.FromStatus(err))
				return
			}
			final = estimate.Final
			if !yield(estimate, nil) {
				return
			}
		}
	}
}

// receive returns the next estimate of a stream.
func receive(stream grpc.ServerStreamingClient[difficultyv1.EstimateResponse]) (difficulty.Estimate, error) {
	answer, err := stream.Recv()
	if err != nil {
		return difficulty.Estimate{}, err
	}
	return responseFromProto(answer)
}
