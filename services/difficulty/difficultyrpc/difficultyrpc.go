// Package difficultyrpc is difficulty.Estimator over gRPC: [Register] serves one,
// and a [Client] is one.
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
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// Register serves e. What requests leave open of their sampling is taken from
// defaults. The server's options have serve.Interceptors.
func Register(r grpc.ServiceRegistrar, e difficulty.Estimator, defaults reasoning.Sampling) {
	difficultyv1.RegisterDifficultyServiceServer(r, &server{estimator: e, defaults: defaults})
}

type server struct {
	difficultyv1.UnimplementedDifficultyServiceServer
	estimator difficulty.Estimator
	defaults  reasoning.Sampling
}

func (s *server) Estimate(q *difficultyv1.EstimateRequest, stream grpc.ServerStreamingServer[difficultyv1.EstimateResponse]) error {
	r, err := estimateRequestFromProto(q, s.defaults)
	if err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	for estimate, err := range s.estimator.Estimate(stream.Context(), r) {
		if err != nil {
			return err
		}
		if err := stream.Send(responseToProto(estimate)); err != nil {
			return err
		}
	}
	return nil
}

// A Client is an Estimator at the other end of a connection.
type Client struct {
	service difficultyv1.DifficultyServiceClient
}

var _ difficulty.Estimator = (*Client)(nil)

// NewClient is a Client over conn, which stays the caller's.
func NewClient(conn grpc.ClientConnInterface) *Client {
	return &Client{difficultyv1.NewDifficultyServiceClient(conn)}
}

// Estimate asks the server. A server that ends without a final estimate is an
// error.
func (c *Client) Estimate(ctx context.Context, r difficulty.Request) iter.Seq2[difficulty.Estimate, error] {
	return func(yield func(difficulty.Estimate, error) bool) {
		if err := r.Validate(); err != nil {
			yield(difficulty.Estimate{}, err)
			return
		}
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		stream, err := c.service.Estimate(ctx, estimateRequestToProto(r))
		for final := false; ; {
			var estimate difficulty.Estimate
			if err == nil {
				estimate, err = receive(stream)
			}
			switch {
			case errors.Is(err, io.EOF) && final:
				return
			case errors.Is(err, io.EOF):
				err = fmt.Errorf("%w: ended without a final estimate", wire.ErrMalformed)
			}
			if err != nil {
				yield(difficulty.Estimate{}, rpcerr.FromStatus(err))
				return
			}
			final = estimate.Final
			if !yield(estimate, nil) {
				return
			}
		}
	}
}

func receive(stream grpc.ServerStreamingClient[difficultyv1.EstimateResponse]) (difficulty.Estimate, error) {
	answer, err := stream.Recv()
	if err != nil {
		return difficulty.Estimate{}, err
	}
	return responseFromProto(answer)
}
