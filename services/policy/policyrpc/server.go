package policyrpc

import (
	"context"
	"fmt"
	"sync"
	"unicode/utf8"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// Register serves p. What requests leave open of their sampling is taken from
// defaults. The server's options have serve.Interceptors.
func Register(r grpc.ServiceRegistrar, p policy.Policy, defaults reasoning.Sampling) {
	policyv1.RegisterPolicyServiceServer(r, &server{policy: p, defaults: defaults})
}

type server struct {
	policyv1.UnimplementedPolicyServiceServer
	policy   policy.Policy
	defaults reasoning.Sampling
}

func (s *server) GetModel(ctx context.Context, _ *policyv1.GetModelRequest) (*policyv1.GetModelResponse, error) {
	model, err := s.policy.Model(ctx)
	if err != nil {
		return nil, err
	}
	return &policyv1.GetModelResponse{Model: wire.ModelToProto(model)}, nil
}

func (s *server) Expand(stream grpc.BidiStreamingServer[policyv1.ExpandRequest, policyv1.ExpandResponse]) error {
	return mux.Server[*policyv1.ExpandRequest, *policyv1.ExpandResponse]{
		Answer:  s.expand,
		Cancels: func(q *policyv1.ExpandRequest) bool { return q.GetCancel() != nil },
		Fail: func(id string, err error) *policyv1.ExpandResponse {
			return &policyv1.ExpandResponse{RequestId: id, Event: &policyv1.ExpandResponse_Error{Error: rpcerr.ToProto(err)}}
		},
	}.Serve(stream)
}

func (s *server) expand(ctx context.Context, q *policyv1.ExpandRequest, send func(*policyv1.ExpandResponse) error) (*policyv1.ExpandResponse, error) {
	if q.GetExpansion() == nil {
		return nil, reasoning.Invalid("action", "must be an expansion or a cancel")
	}
	r, err := policywire.ExpansionFromProto(q.GetExpansion(), s.defaults)
	if err != nil {
		return nil, err
	}
	if err := r.Validate(); err != nil {
		return nil, err
	}
	var telling sync.WaitGroup // sending blocks, OnStart must not
	defer telling.Wait()
	r.OnStart = func(start policy.Start) {
		event := &policyv1.ExpandResponse_Started{Started: policywire.StartToProto(start)}
		telling.Go(func() { send(&policyv1.ExpandResponse{RequestId: q.GetRequestId(), Event: event}) })
	}

	for child, err := range s.policy.Expand(wire.WithTraceparent(ctx, q.GetTraceparent()), r) {
		if err != nil {
			return nil, err
		}
		for _, step := range child.Steps { // else no message could carry it, and its stream would break
			if !utf8.ValidString(step.Text) {
				return nil, fmt.Errorf("%w: a step of child %d is not UTF-8", wire.ErrMalformed, child.Ordinal)
			}
		}
		event := &policyv1.ExpandResponse_Child{Child: policywire.ChildToProto(child)}
		if err := send(&policyv1.ExpandResponse{RequestId: q.GetRequestId(), Event: event}); err != nil {
			return nil, err
		}
	}
	telling.Wait()
	return &policyv1.ExpandResponse{RequestId: q.GetRequestId(), Event: &policyv1.ExpandResponse_Done{Done: &policyv1.Done{}}}, nil
}
