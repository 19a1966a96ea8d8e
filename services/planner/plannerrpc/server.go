// Package plannerrpc is the planner on the wire: its gRPC server, and the
// conversions between its domain and the protobuf contract.
package plannerrpc

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

// Register serves a Solver on s. Errors leave as domain errors: the server's interceptors
// (internal/rpcerr) turn them into gRPC statuses.
func Register(s grpc.ServiceRegistrar, p planner.Solver) {
	plannerv1.RegisterPlannerServiceServer(s, &server{planner: p})
}

type server struct {
	plannerv1.UnimplementedPlannerServiceServer
	planner planner.Solver
}

func (s *server) Solve(in *plannerv1.SolveRequest, out grpc.ServerStreamingServer[plannerv1.SolveResponse]) error {
	ctx := out.Context()
	request, err := fromRequest(in)
	if err != nil {
		return err
	}
	search, err := s.planner.Create(ctx, request)
	if err != nil {
		return err
	}
	ref := planner.Ref{Tenant: in.GetTenant(), ID: search.ID}
	for event, err := range s.planner.Watch(ctx, ref, 0) {
		if err == nil {
			err = out.Send(&plannerv1.SolveResponse{Event: toEvent(event)})
		}
		if err != nil {
			if in.GetCancelOnDisconnect() && ctx.Err() != nil {
				_, stopErr := s.planner.Cancel(context.WithoutCancel(ctx), ref)
				err = errors.Join(err, stopErr)
			}
			return err
		}
	}
	return nil
}

func (s *server) Watch(in *plannerv1.WatchRequest, out grpc.ServerStreamingServer[plannerv1.WatchResponse]) error {
	for event, err := range s.planner.Watch(out.Context(), ref(in), in.GetAfterSequence()) {
		if err == nil {
			err = out.Send(&plannerv1.WatchResponse{Event: toEvent(event)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) GetSearch(ctx context.Context, in *plannerv1.GetSearchRequest) (*plannerv1.GetSearchResponse, error) {
	search, err := s.planner.Get(ctx, ref(in))
	if err != nil {
		return nil, err
	}
	return &plannerv1.GetSearchResponse{Search: toSearch(search)}, nil
}

func (s *server) ListSearches(ctx context.Context, in *plannerv1.ListSearchesRequest) (*plannerv1.ListSearchesResponse, error) {
	page, err := s.planner.List(ctx, planner.ListRequest{
		Tenant: in.GetTenant(), PageSize: int(in.GetPageSize()), PageToken: in.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	out := &plannerv1.ListSearchesResponse{NextPageToken: page.Next}
	for _, search := range page.Items {
		out.Searches = append(out.Searches, toSearch(search))
	}
	return out, nil
}

func (s *server) ListNodes(ctx context.Context, in *plannerv1.ListNodesRequest) (*plannerv1.ListNodesResponse, error) {
	page, err := s.planner.Nodes(ctx, planner.NodesRequest{
		Ref: ref(in), Parent: in.GetParentId(), Depth: int(in.GetDepth()), PageSize: int(in.GetPageSize()), PageToken: in.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	out := &plannerv1.ListNodesResponse{NextPageToken: page.Next}
	for _, n := range page.Items {
		out.Nodes = append(out.Nodes, toNode(n))
	}
	return out, nil
}

func (s *server) CancelSearch(ctx context.Context, in *plannerv1.CancelSearchRequest) (*plannerv1.CancelSearchResponse, error) {
	search, err := s.planner.Cancel(ctx, ref(in))
	if err != nil {
		return nil, err
	}
	return &plannerv1.CancelSearchResponse{Search: toSearch(search)}, nil
}

func (s *server) Plan(ctx context.Context, in *plannerv1.PlanRequest) (*plannerv1.PlanResponse, error) {
	if in.GetRequest() == nil {
		return nil, reasoning.Invalid("request", "must be given")
	}
	request, err := fromRequest(in.GetRequest())
	if err != nil {
		return nil, err
	}
	planned, err := s.planner.Plan(ctx, request)
	if err != nil {
		return nil, err
	}
	return toPlanned(planned.Plan, planned.Estimate), nil
}

// ref returns which search a message is about.
func ref(in interface {
	GetTenant() string
	GetSearchId() string
}) planner.Ref {
	return planner.Ref{Tenant: in.GetTenant(), ID: in.GetSearchId()}
}

// unknown is an enum value that this version does not know.
func unknown(field string, value fmt.Stringer) error {
	return reasoning.Invalid(field, "%s is not known here", value)
}
