// Package plannerrpc is the planner on the wire: its gRPC server, and the
// conversions between its domain and the protobuf contract.
package plannerrpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

// Register serves p on s. Errors leave as domain errors: the server's interceptors
// (internal/rpcerr) turn them into gRPC statuses.
func Register(s grpc.ServiceRegistrar, p *planner.Planner) {
	plannerv1.RegisterPlannerServiceServer(s, &server{planner: p})
}

type server struct {
	plannerv1.UnimplementedPlannerServiceServer
	planner *planner.Planner
}

// Page sizes of the List methods.
const (
	defaultSearches = 50
	defaultNodes    = 200
	maxPage         = 1000
)

func (s *server) Solve(in *plannerv1.SolveRequest, out grpc.ServerStreamingServer[plannerv1.SolveResponse]) error {
	ctx := out.Context()
	request, err := fromRequest(in)
	if err != nil {
		return err
	}
	id, err := s.planner.Start(ctx, request)
	if err != nil {
		return err
	}
	for event, err := range s.planner.Watch(ctx, in.GetTenant(), id, 0) {
		if err == nil {
			err = out.Send(&plannerv1.SolveResponse{Event: toEvent(event)})
		}
		if err != nil {
			if in.GetCancelOnDisconnect() && ctx.Err() != nil {
				_, stopErr := s.planner.Cancel(context.WithoutCancel(ctx), in.GetTenant(), id)
				err = errors.Join(err, stopErr)
			}
			return err
		}
	}
	return nil
}

func (s *server) Watch(in *plannerv1.WatchRequest, out grpc.ServerStreamingServer[plannerv1.WatchResponse]) error {
	for event, err := range s.planner.Watch(out.Context(), in.GetTenant(), in.GetSearchId(), in.GetAfterSequence()) {
		if err == nil {
			err = out.Send(&plannerv1.WatchResponse{Event: toEvent(event)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) GetSearch(_ context.Context, in *plannerv1.GetSearchRequest) (*plannerv1.GetSearchResponse, error) {
	status, err := s.planner.Get(in.GetTenant(), in.GetSearchId())
	if err != nil {
		return nil, err
	}
	return &plannerv1.GetSearchResponse{Search: toSearch(status)}, nil
}

func (s *server) ListSearches(_ context.Context, in *plannerv1.ListSearchesRequest) (*plannerv1.ListSearchesResponse, error) {
	size, err := pageSize(in.GetPageSize(), defaultSearches)
	if err != nil {
		return nil, err
	}
	page := s.planner.List(in.GetTenant(), in.GetPageToken(), size+1)
	out := &plannerv1.ListSearchesResponse{}
	for _, status := range page[:min(size, len(page))] {
		out.Searches = append(out.Searches, toSearch(status))
	}
	if len(page) > size {
		out.NextPageToken = page[size-1].ID
	}
	return out, nil
}

func (s *server) ListNodes(_ context.Context, in *plannerv1.ListNodesRequest) (*plannerv1.ListNodesResponse, error) {
	size, err := pageSize(in.GetPageSize(), defaultNodes)
	if err != nil {
		return nil, err
	}
	if in.GetDepth() < 0 {
		return nil, reasoning.Invalid("depth", "must not be negative, is %d", in.GetDepth())
	}
	nodes, err := s.planner.Nodes(in.GetTenant(), in.GetSearchId(), in.GetParentId(), int(in.GetDepth()))
	if err != nil {
		return nil, err
	}
	if after := in.GetPageToken(); after != "" {
		i := 0
		for i < len(nodes) && planner.CompareNodes(nodes[i].ID, after) <= 0 {
			i++
		}
		nodes = nodes[i:]
	}
	out := &plannerv1.ListNodesResponse{}
	for _, n := range nodes[:min(size, len(nodes))] {
		out.Nodes = append(out.Nodes, toNode(n))
	}
	if len(nodes) > size {
		out.NextPageToken = nodes[size-1].ID
	}
	return out, nil
}

func (s *server) CancelSearch(ctx context.Context, in *plannerv1.CancelSearchRequest) (*plannerv1.CancelSearchResponse, error) {
	status, err := s.planner.Cancel(ctx, in.GetTenant(), in.GetSearchId())
	if err != nil {
		return nil, err
	}
	return &plannerv1.CancelSearchResponse{Search: toSearch(status)}, nil
}

func (s *server) Plan(ctx context.Context, in *plannerv1.PlanRequest) (*plannerv1.PlanResponse, error) {
	if in.GetRequest() == nil {
		return nil, reasoning.Invalid("request", "must be given")
	}
	request, err := fromRequest(in.GetRequest())
	if err != nil {
		return nil, err
	}
	plan, estimate, err := s.planner.Plan(ctx, request)
	if err != nil {
		return nil, err
	}
	return toPlanned(plan, estimate), nil
}

func pageSize(asked int32, otherwise int) (int, error) {
	if asked < 0 {
		return 0, reasoning.Invalid("page_size", "must not be negative, is %d", asked)
	}
	return min(int(cmp.Or(asked, int32(otherwise))), maxPage), nil
}

// unknown is an enum value that this version does not know.
func unknown(field string, value fmt.Stringer) error {
	return reasoning.Invalid(field, "%s is not known here", value)
}
