package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
)

// ref returns the search that a message names.
func ref(in interface {
	GetTenant() string
	GetSearchId() string
}) planner.Ref {
	return planner.Ref{Tenant: in.GetTenant(), ID: in.GetSearchId()}
}

// listRequestFromProto converts a request for a page of searches.
func listRequestFromProto(in *plannerv1.ListSearchesRequest) (planner.ListRequest, error) {
	r := planner.ListRequest{
		Tenant: in.GetTenant(), PageSize: int(in.GetPageSize()), PageToken: in.GetPageToken(),
		CreatedFrom: timeFromProto(in.GetCreatedFrom()), CreatedBefore: timeFromProto(in.GetCreatedBefore()),
	}
	if in.CreatedFrom != nil && !in.GetCreatedFrom().IsValid() {
		return r, invalidTime("created_from")
	}
	if in.CreatedBefore != nil && !in.GetCreatedBefore().IsValid() {
		return r, invalidTime("created_before")
	}
	for _, p := range in.GetStates() {
		state, err := stateFromProto(p)
		if err != nil {
			return r, unknown("states", p)
		}
		r.States = append(r.States, state)
	}
	return r, nil
}

// listRequestToProto is the inverse of listRequestFromProto.
func listRequestToProto(r planner.ListRequest) *plannerv1.ListSearchesRequest {
	out := &plannerv1.ListSearchesRequest{
		Tenant: r.Tenant, PageSize: int32(r.PageSize), PageToken: r.PageToken,
		CreatedFrom: timeToProto(r.CreatedFrom), CreatedBefore: timeToProto(r.CreatedBefore),
	}
	for _, s := range r.States {
		out.States = append(out.States, plannerv1.SearchState(s))
	}
	return out
}

// nodesRequestFromProto converts a request for a page of nodes.
func nodesRequestFromProto(in *plannerv1.ListNodesRequest) (planner.NodesRequest, error) {
	r := planner.NodesRequest{Ref: ref(in), Depth: int(in.GetDepth()), PageSize: int(in.GetPageSize()), PageToken: in.GetPageToken()}
	if in.Depth != nil && r.Depth < 1 {
		return r, reasoning.Invalid("depth", "must be at least 1, or unset, is %d", r.Depth)
	}
	switch part := in.GetPart().(type) {
	case *plannerv1.ListNodesRequest_ParentId:
		r.Parent, r.Children = part.ParentId, true
	case *plannerv1.ListNodesRequest_AncestorId:
		r.Parent = part.AncestorId
	}
	return r, nil
}

// nodesRequestToProto is the inverse of nodesRequestFromProto.
func nodesRequestToProto(r planner.NodesRequest) *plannerv1.ListNodesRequest {
	out := &plannerv1.ListNodesRequest{Tenant: r.Tenant, SearchId: r.ID, PageSize: int32(r.PageSize), PageToken: r.PageToken}
	switch {
	case r.Children:
		out.Part = &plannerv1.ListNodesRequest_ParentId{ParentId: r.Parent}
	case r.Parent != "":
		out.Part = &plannerv1.ListNodesRequest_AncestorId{AncestorId: r.Parent}
	}
	if r.Depth != 0 {
		out.Depth = new(int32(r.Depth))
	}
	return out
}

// invalidTime returns the error of a timestamp outside the range of google.protobuf.Timestamp.
func invalidTime(field string) error {
	return reasoning.Invalid(field, "must be a time of the years 1 to 9999, with nanoseconds below a second")
}
