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

// Register registers a service that serves v. The server must run with serve.Interceptors,
// which turn errors into statuses.
func Register(r grpc.ServiceRegistrar, v verifier.Verifier) {
	verifierv1.RegisterVerifierServiceServer(r, &server{verifier: v})
}

// A server implements the service by a Verifier.
type server struct {
	verifierv1.UnimplementedVerifierServiceServer
	verifier verifier.Verifier
}

// GetModel implements verifierv1.VerifierServiceServer.
func (s *server) GetModel(ctx context.Context, _ *verifierv1.GetModelRequest) (*verifierv1.GetModelResponse, error) {
	model, err := s.verifier.RewardModel(ctx)
	if err != nil {
		return nil, err
	}
	return rewardModelToProto(model), nil
}

// Score implements verifierv1.VerifierServiceServer.
func (s *server) Score(stream grpc.BidiStreamingServer[verifierv1.ScoreRequest, verifierv1.ScoreResponse]) error {
	return mux.Server[*verifierv1.ScoreRequest, *verifierv1.ScoreResponse]{
		Handle:  s.score,
		Cancels: func(q *verifierv1.ScoreRequest) bool { return q.GetCancel() != nil },
		Fail: func(id string, err error) *verifierv1.ScoreResponse {
			return &verifierv1.ScoreResponse{RequestId: id, Result: &verifierv1.ScoreResponse_Error{Error: rpcerr.ToProto(err)}}
		},
	}.Serve(stream)
}

// score returns the only response of one request.
func (s *server) score(
	ctx context.Context, q *verifierv1.ScoreRequest, _ func(*verifierv1.ScoreResponse) error,
) (*verifierv1.ScoreResponse, error) {
	if q.GetPath() == nil {
		return nil, reasoning.Invalid("action", "must be a path or a cancel")
	}
	r := pathFromProto(q.GetPath())
	if err := r.Validate(); err != nil {
		return nil, err
	}
	result, err := s.verifier.Score(wire.WithTraceContext(ctx, q.GetTraceparent(), q.GetBaggage()), r)
	if err != nil {
		return nil, reasoning.WithCost(err, result.Cost())
	}
	scores := &verifierv1.ScoreResponse_Scores{Scores: scoresToProto(result)}
	return &verifierv1.ScoreResponse{RequestId: q.GetRequestId(), Result: scores}, nil
}
