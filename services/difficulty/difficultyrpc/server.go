package difficultyrpc

import (
	"google.golang.org/grpc"

	difficultyv1 "github.com/ponder-mesh/ponder/proto/ponder/difficulty/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// Register registers a service that serves e. A request takes the sampling parameters
// that it does not set from defaults. The server must run with serve.Interceptors.
func Register(r grpc.ServiceRegistrar, e difficulty.Estimator, defaults reasoning.Sampling) {
	difficultyv1.RegisterDifficultyServiceServer(r, &server{estimator: e, defaults: defaults})
}

// A server implements the service by an Estimator.
type server struct {
	difficultyv1.UnimplementedDifficultyServiceServer
	estimator difficulty.Estimator
	defaults  reasoning.Sampling
}

// Estimate implements difficultyv1.DifficultyServiceServer.
func (s *server) Estimate(
	q *difficultyv1.EstimateRequest, stream grpc.ServerStreamingServer[difficultyv1.EstimateResponse],
) error {
	r, err := estimateRequestFromProto(q, s.defaults)
	if err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	for estimate, err := range s.estimator.Estimate(stream.Context(), r) {
		if err != nil {
			return reasoning.WithCost(err, estimate.Cost())
		}
		if err := stream.Send(responseToProto(estimate)); err != nil {
			return err
		}
	}
	return nil
}
