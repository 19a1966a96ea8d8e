// Package plannerrpc serves a planner.Solver over gRPC, and has a client that is a
// planner.Solver. It converts between the types of the planner and the protobuf contract.
package plannerrpc

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// Register serves a Solver on s. Handlers return domain errors; the server's interceptors
// (internal/rpcerr) convert them to gRPC statuses.
func Register(s grpc.ServiceRegistrar, solver planner.Solver) {
	refused := func(context.Context, error) {}
	if counter, ok := solver.(interface{ CountRefused(context.Context, error) }); ok {
		refused = counter.CountRefused
	}
	plannerv1.RegisterPlannerServiceServer(s, &server{solver: solver, followers: newFollowers(), refused: refused})
}

type server struct {
	plannerv1.UnimplementedPlannerServiceServer
	solver    planner.Solver
	followers *followers
	refused   func(context.Context, error) // counts a request for a search that is malformed
}

func (s *server) Solve(in *plannerv1.SolveRequest, out grpc.ServerStreamingServer[plannerv1.SolveResponse]) error {
	request, err := specFromProto(in.GetTenant(), in.GetIdempotencyKey(), in.GetSpec())
	if err != nil {
		s.refused(out.Context(), err)
		return err
	}
	search, err := s.solver.Create(out.Context(), request)
	if err != nil {
		return err
	}
	ref := planner.Ref{Tenant: in.GetTenant(), ID: search.ID}
	err = s.follow(out.Context(), ref, 0, func(e *plannerv1.SearchEvent) error {
		return out.Send(&plannerv1.SolveResponse{Event: e})
	})
	if in.GetCancelOnDisconnect() && out.Context().Err() != nil && !s.followers.any(ref) {
		_, _ = s.solver.Cancel(context.WithoutCancel(out.Context()), ref) // no client is left to get an error
	}
	return err
}

func (s *server) WatchSearch(in *plannerv1.WatchSearchRequest, out grpc.ServerStreamingServer[plannerv1.WatchSearchResponse]) error {
	return s.follow(out.Context(), ref(in), in.GetAfterSequence(), func(e *plannerv1.SearchEvent) error {
		return out.Send(&plannerv1.WatchSearchResponse{Event: e})
	})
}

// follow sends the events of a search after a sequence number until it has ended.
func (s *server) follow(ctx context.Context, ref planner.Ref, after int64, send func(*plannerv1.SearchEvent) error) error {
	s.followers.add(ref)
	defer s.followers.remove(ref)
	for event, err := range s.solver.Watch(ctx, ref, after) {
		if err == nil {
			err = send(EventToProto(event))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) CreateSearch(ctx context.Context, in *plannerv1.CreateSearchRequest) (*plannerv1.CreateSearchResponse, error) {
	request, err := specFromProto(in.GetTenant(), in.GetIdempotencyKey(), in.GetSpec())
	if err != nil {
		s.refused(ctx, err)
		return nil, err
	}
	search, err := s.solver.Create(ctx, request)
	if err != nil {
		return nil, err
	}
	return &plannerv1.CreateSearchResponse{Search: SearchToProto(search)}, nil
}

// Bounds of WaitSearchRequest.timeout.
const (
	defaultWait = 30 * time.Second
	maxWait     = 10 * time.Minute
)

func (s *server) WaitSearch(ctx context.Context, in *plannerv1.WaitSearchRequest) (*plannerv1.WaitSearchResponse, error) {
	timeout := defaultWait
	if in.Timeout != nil {
		timeout = in.GetTimeout().AsDuration()
		if !in.GetTimeout().IsValid() || timeout < 0 || timeout > maxWait {
			return nil, reasoning.Invalid("timeout", "must be 0 to %v, is %v", maxWait, timeout)
		}
	}
	search, err := s.solver.Wait(ctx, ref(in), timeout)
	if err != nil {
		return nil, err
	}
	return &plannerv1.WaitSearchResponse{Search: SearchToProto(search)}, nil
}

func (s *server) GetSearch(ctx context.Context, in *plannerv1.GetSearchRequest) (*plannerv1.GetSearchResponse, error) {
	search, err := s.solver.Get(ctx, ref(in))
	if err != nil {
		return nil, err
	}
	return &plannerv1.GetSearchResponse{Search: SearchToProto(search)}, nil
}

func (s *server) ListSearches(ctx context.Context, in *plannerv1.ListSearchesRequest) (*plannerv1.ListSearchesResponse, error) {
	request, err := listRequestFromProto(in)
	if err != nil {
		return nil, err
	}
	page, err := s.solver.List(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &plannerv1.ListSearchesResponse{NextPageToken: page.Next}
	for _, search := range page.Items {
		out.Searches = append(out.Searches, SearchToProto(search))
	}
	return out, nil
}

func (s *server) ListNodes(ctx context.Context, in *plannerv1.ListNodesRequest) (*plannerv1.ListNodesResponse, error) {
	request, err := nodesRequestFromProto(in)
	if err != nil {
		return nil, err
	}
	page, err := s.solver.Nodes(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &plannerv1.ListNodesResponse{NextPageToken: page.Next}
	for _, n := range page.Items {
		out.Nodes = append(out.Nodes, nodeToProto(n))
	}
	return out, nil
}

func (s *server) CancelSearch(ctx context.Context, in *plannerv1.CancelSearchRequest) (*plannerv1.CancelSearchResponse, error) {
	search, err := s.solver.Cancel(ctx, ref(in))
	if err != nil {
		return nil, err
	}
	return &plannerv1.CancelSearchResponse{Search: SearchToProto(search)}, nil
}

func (s *server) DeleteSearch(ctx context.Context, in *plannerv1.DeleteSearchRequest) (*plannerv1.DeleteSearchResponse, error) {
	if err := s.solver.Delete(ctx, ref(in)); err != nil {
		return nil, err
	}
	return &plannerv1.DeleteSearchResponse{}, nil
}

func (s *server) PlanSearch(ctx context.Context, in *plannerv1.PlanSearchRequest) (*plannerv1.PlanSearchResponse, error) {
	request, err := specFromProto(in.GetTenant(), "", in.GetSpec())
	if err != nil {
		return nil, err
	}
	planned, err := s.solver.Plan(ctx, request)
	if err != nil {
		return nil, err
	}
	return PlanResultToProto(planned), nil
}

func (s *server) ListModels(ctx context.Context, _ *plannerv1.ListModelsRequest) (*plannerv1.ListModelsResponse, error) {
	models, err := s.solver.Models(ctx)
	if err != nil {
		return nil, err
	}
	out := &plannerv1.ListModelsResponse{}
	for _, m := range models.Policies {
		out.Policies = append(out.Policies, &plannerv1.PolicyModel{
			Model: wire.ModelToProto(m.Model), Capabilities: policywire.CapabilitiesToProto(m.Capabilities),
		})
	}
	for _, m := range models.Verifiers {
		out.Verifiers = append(out.Verifiers, &plannerv1.VerifierModel{
			Model: wire.ModelToProto(m.Model), Aggregator: reasoningv1.Aggregator(m.Aggregator),
			Capabilities: &verifierv1.Capabilities{
				Input: wire.InputToProto(m.Capabilities.Input), Steps: wire.SupportToProto(m.Capabilities.Steps),
			},
		})
	}
	return out, nil
}

func (s *server) GetUsage(context.Context, *plannerv1.GetUsageRequest) (*plannerv1.GetUsageResponse, error) {
	refused, err := status.New(codes.Unimplemented, "usage by tenant is not served yet").
		WithDetails(&errdetails.ErrorInfo{Reason: "NOT_SERVED_YET", Domain: rpcerr.Domain})
	if err != nil {
		return nil, err
	}
	return nil, refused.Err()
}

func (s *server) DeleteTenant(ctx context.Context, in *plannerv1.DeleteTenantRequest) (*plannerv1.DeleteTenantResponse, error) {
	out := &plannerv1.DeleteTenantResponse{}
	for {
		page, err := s.solver.List(ctx, planner.ListRequest{Tenant: in.GetTenant(), PageSize: planner.MaxPageSize})
		if err != nil || len(page.Items) == 0 {
			return out, err
		}
		for _, search := range page.Items {
			if err := s.solver.Delete(ctx, planner.Ref{Tenant: in.GetTenant(), ID: search.ID}); err != nil {
				return nil, err
			}
			out.SearchCount++
		}
	}
}
