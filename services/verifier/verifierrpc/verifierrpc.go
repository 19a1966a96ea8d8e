// Package verifierrpc is verifier.Verifier over gRPC: [Register] serves one, and a
// [Client] is one.
package verifierrpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Register serves v. The server's options have serve.Interceptors.
func Register(r grpc.ServiceRegistrar, v verifier.Verifier) {
	verifierv1.RegisterVerifierServiceServer(r, &server{verifier: v})
}

type server struct {
	verifierv1.UnimplementedVerifierServiceServer
	verifier verifier.Verifier
}

func (s *server) GetModel(ctx context.Context, _ *verifierv1.GetModelRequest) (*verifierv1.GetModelResponse, error) {
	model, err := s.verifier.RewardModel(ctx)
	if err != nil {
		return nil, err
	}
	return rewardModelToProto(model), nil
}

func (s *server) Score(stream grpc.BidiStreamingServer[verifierv1.ScoreRequest, verifierv1.ScoreResponse]) error {
	return mux.Server[*verifierv1.ScoreRequest, *verifierv1.ScoreResponse]{
		Answer:  s.score,
		Cancels: func(q *verifierv1.ScoreRequest) bool { return q.GetCancel() != nil },
		Fail: func(id string, err error) *verifierv1.ScoreResponse {
			return &verifierv1.ScoreResponse{RequestId: id, Result: &verifierv1.ScoreResponse_Error{Error: rpcerr.ToProto(err)}}
		},
	}.Serve(stream)
}

func (s *server) score(ctx context.Context, q *verifierv1.ScoreRequest, _ func(*verifierv1.ScoreResponse) error) (*verifierv1.ScoreResponse, error) {
	if q.GetPath() == nil {
		return nil, reasoning.Invalid("action", "must be a path or a cancel")
	}
	r := pathFromProto(q.GetPath())
	if err := r.Validate(); err != nil {
		return nil, err
	}
	result, err := s.verifier.Score(wire.WithTraceparent(ctx, q.GetTraceparent()), r)
	if err != nil {
		return nil, err
	}
	scores := &verifierv1.ScoreResponse_Scores{Scores: scoresToProto(result)}
	return &verifierv1.ScoreResponse{RequestId: q.GetRequestId(), Result: scores}, nil
}

// A Client is a Verifier at the other end of a connection. All its requests share
// one stream, which the first opens; one that breaks ends its requests with
// reasoning.ErrUnavailable, and the next request opens another.
type Client struct {
	service verifierv1.VerifierServiceClient
	mux     *mux.Client[*verifierv1.ScoreRequest, *verifierv1.ScoreResponse]
}

var _ verifier.Verifier = (*Client)(nil)

// NewClient is a Client over conn, which stays the caller's.
func NewClient(conn grpc.ClientConnInterface) *Client {
	service := verifierv1.NewVerifierServiceClient(conn)
	open := func(ctx context.Context) (mux.Stream[*verifierv1.ScoreRequest, *verifierv1.ScoreResponse], error) {
		return service.Score(ctx)
	}
	cancel := func(id string) *verifierv1.ScoreRequest {
		return &verifierv1.ScoreRequest{RequestId: id, Action: &verifierv1.ScoreRequest_Cancel{Cancel: &verifierv1.Cancel{}}}
	}
	last := func(*verifierv1.ScoreResponse) bool { return true }
	return &Client{service: service, mux: mux.NewClient(open, cancel, last)}
}

// Close ends the stream; requests in flight fail.
func (c *Client) Close() error { return c.mux.Close() }

// RewardModel asks the server.
func (c *Client) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	answer, err := c.service.GetModel(ctx, &verifierv1.GetModelRequest{})
	if err != nil {
		return verifier.RewardModel{}, rpcerr.FromStatus(err)
	}
	return rewardModelFromProto(answer)
}

// Score asks the server.
func (c *Client) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	if err := r.Validate(); err != nil {
		return verifier.Result{}, err
	}
	message := func(id string) *verifierv1.ScoreRequest {
		return &verifierv1.ScoreRequest{
			RequestId:   id,
			Action:      &verifierv1.ScoreRequest_Path{Path: pathToProto(r)},
			Traceparent: wire.Traceparent(ctx),
		}
	}
	var result verifier.Result
	var err error
	for answer, broken := range c.mux.Do(ctx, message) { // exactly one
		result, err = read(answer, broken, r)
	}
	return result, err
}

func read(answer *verifierv1.ScoreResponse, err error, r verifier.Request) (verifier.Result, error) {
	if err != nil {
		return verifier.Result{}, rpcerr.FromStatus(err)
	}
	if failure := answer.GetError(); failure != nil {
		return verifier.Result{}, rpcerr.FromProto(failure)
	}
	result, err := scoresFromProto(answer.GetScores())
	if err == nil {
		err = r.Check(result.Scores)
	}
	if err != nil {
		return verifier.Result{}, err
	}
	return result, nil
}
