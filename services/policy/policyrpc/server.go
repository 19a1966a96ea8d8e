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

// Register registers a service that serves p. A request takes the sampling parameters
// that it does not set from defaults. The server must run with serve.Interceptors, which turn
// errors into statuses.
func Register(r grpc.ServiceRegistrar, p policy.Policy, defaults reasoning.Sampling) {
	policyv1.RegisterPolicyServiceServer(r, &server{policy: p, defaults: defaults})
}

// A server implements the service by a Policy.
type server struct {
	policyv1.UnimplementedPolicyServiceServer
	policy   policy.Policy
	defaults reasoning.Sampling
}

// GetModel implements policyv1.PolicyServiceServer.
func (s *server) GetModel(ctx context.Context, _ *policyv1.GetModelRequest) (*policyv1.GetModelResponse, error) {
	model, err := s.policy.Model(ctx)
	if err != nil {
		return nil, err
	}
	return &policyv1.GetModelResponse{
		Model: wire.ModelToProto(model.Model), Capabilities: policywire.CapabilitiesToProto(model.Capabilities),
	}, nil
}

// Expand implements policyv1.PolicyServiceServer.
func (s *server) Expand(stream grpc.BidiStreamingServer[policyv1.ExpandRequest, policyv1.ExpandResponse]) error {
	return mux.Server[*policyv1.ExpandRequest, *policyv1.ExpandResponse]{
		Handle:  s.expand,
		Cancels: func(q *policyv1.ExpandRequest) bool { return q.GetCancel() != nil },
		Fail: func(id string, err error) *policyv1.ExpandResponse {
			return &policyv1.ExpandResponse{RequestId: id, Event: &policyv1.ExpandResponse_Error{Error: rpcerr.ToProto(err)}}
		},
	}.Serve(stream)
}

// expand sends the starts and children of one request and returns its last response.
func (s *server) expand(
	ctx context.Context, q *policyv1.ExpandRequest, send func(*policyv1.ExpandResponse) error,
) (*policyv1.ExpandResponse, error) {
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
	var starts sync.WaitGroup // being sent in goroutines: send blocks and OnStart must not
	defer starts.Wait()
	r.OnStart = func(start policy.Start) {
		event := &policyv1.ExpandResponse_Started{Started: policywire.StartToProto(start)}
		starts.Go(func() { send(&policyv1.ExpandResponse{RequestId: q.GetRequestId(), Event: event}) })
	}

	var wasted late
	r.OnWaste = wasted.add
	for child, err := range s.policy.Expand(wire.WithTraceContext(ctx, q.GetTraceparent(), q.GetBaggage()), r) {
		if err != nil {
			return nil, reasoning.WithCost(err, child.Cost().EndedBy(err).Add(wasted.take()))
		}
		for _, step := range child.Steps { // a message with text that is not UTF-8 would break the whole stream
			if !utf8.ValidString(step.Text) {
				return nil, fmt.Errorf("%w: step of child %d is not UTF-8", wire.ErrMalformed, child.Ordinal)
			}
		}
		event := &policyv1.ExpandResponse_Child{Child: policywire.ChildToProto(child)}
		if err := send(&policyv1.ExpandResponse{RequestId: q.GetRequestId(), Event: event}); err != nil {
			return nil, err
		}
	}
	starts.Wait()
	done := &policyv1.ExpandResponse_Done{Done: policywire.DoneToProto(wasted.take())}
	return &policyv1.ExpandResponse{RequestId: q.GetRequestId(), Event: done}, nil
}

// late is what a Policy wastes and tells by OnWaste, at any time.
type late struct {
	mu   sync.Mutex
	cost reasoning.Cost
}

func (l *late) add(c reasoning.Cost) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cost = l.cost.Add(c)
}

// take returns what was wasted since the last take.
func (l *late) take() (c reasoning.Cost) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, l.cost = l.cost, reasoning.Cost{}
	return c
}
