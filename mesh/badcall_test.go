package mesh_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
)

// badCalls returns the calls that the planner refuses for other reasons than the spec.
func badCalls() []badInput {
	return []badInput{
		{
			input: "problem that is not UTF-8 (refused by protobuf)",
			call:  solveNotUTF8,
			code:  codes.Internal,
		},
		{
			input: "tenant of 129 bytes",
			whole: func(r *plannerv1.SolveRequest) { r.Tenant = strings.Repeat("t", 129) },
			code:  codes.InvalidArgument, reason: invalidArgument, field: "tenant",
		},
		{
			input: "idempotency key of 129 bytes",
			whole: func(r *plannerv1.SolveRequest) { r.IdempotencyKey = strings.Repeat("k", 129) },
			code:  codes.InvalidArgument, reason: invalidArgument, field: "idempotency_key",
		},
		{
			input: "PlanSearch without a spec",
			call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
				_, err := wire(m).PlanSearch(ctx, &plannerv1.PlanSearchRequest{})
				return err
			},
			code: codes.InvalidArgument, reason: invalidArgument, field: "spec",
		},
		{
			input: "GetSearch of an unknown search",
			call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
				_, err := wire(m).GetSearch(ctx, &plannerv1.GetSearchRequest{SearchId: "unknown"})
				return err
			},
			code: codes.NotFound, reason: "SEARCH_NOT_FOUND",
		},
		{
			input: "CancelSearch of an unknown search",
			call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
				_, err := wire(m).CancelSearch(ctx, &plannerv1.CancelSearchRequest{SearchId: "unknown"})
				return err
			},
			code: codes.NotFound, reason: "SEARCH_NOT_FOUND",
		},
		{
			input: "WatchSearch of an unknown search",
			call:  watchAfter("unknown", 0),
			code:  codes.NotFound, reason: "SEARCH_NOT_FOUND",
		},
		{
			input: "WatchSearch after a sequence number that does not exist yet",
			call:  watchAfter("", 1<<40),
			code:  codes.InvalidArgument, reason: invalidArgument, field: "after_sequence",
		},
		{
			input: "WatchSearch after a negative sequence number",
			call:  watchAfter("", -1),
			code:  codes.InvalidArgument, reason: invalidArgument, field: "after_sequence",
		},
		{
			input: "ListSearches, negative page size",
			call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
				_, err := wire(m).ListSearches(ctx, &plannerv1.ListSearchesRequest{PageSize: -1})
				return err
			},
			code: codes.InvalidArgument, reason: invalidArgument, field: "page_size",
		},
		{
			input: "ListNodes, negative page size",
			call: func(ctx context.Context, m *mesh.Mesh, search string) error {
				_, err := wire(m).ListNodes(ctx, &plannerv1.ListNodesRequest{SearchId: search, PageSize: -1})
				return err
			},
			code: codes.InvalidArgument, reason: invalidArgument, field: "page_size",
		},
		{
			input: "ListSearches, a page token that no response had",
			call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
				_, err := wire(m).ListSearches(ctx, &plannerv1.ListSearchesRequest{PageToken: "garbage"})
				return err
			},
			code: codes.InvalidArgument, reason: invalidArgument, field: "page_token",
		},
		{
			input: "ListNodes, a parent that is no node id",
			call:  listChildren("0..1"),
			code:  codes.InvalidArgument, reason: invalidArgument, field: "parent_id",
		},
		{
			input: "ListNodes, a parent that the search does not have",
			call:  listChildren("77"),
			code:  codes.NotFound, reason: "NODE_NOT_FOUND",
		},
		{
			input: "WaitSearch for a day",
			call: func(ctx context.Context, m *mesh.Mesh, search string) error {
				day := durationpb.New(24 * time.Hour)
				_, err := wire(m).WaitSearch(ctx, &plannerv1.WaitSearchRequest{SearchId: search, Timeout: day})
				return err
			},
			code: codes.InvalidArgument, reason: invalidArgument, field: "timeout",
		},
		{
			input: "GetUsage (not served yet)",
			call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
				_, err := wire(m).GetUsage(ctx, &plannerv1.GetUsageRequest{})
				return err
			},
			code: codes.Unimplemented, reason: "NOT_SERVED_YET",
		},
		{
			input: "ListNodes, negative depth",
			call: func(ctx context.Context, m *mesh.Mesh, search string) error {
				_, err := wire(m).ListNodes(ctx, &plannerv1.ListNodesRequest{SearchId: search, Depth: proto.Int32(-1)})
				return err
			},
			code: codes.InvalidArgument, reason: invalidArgument, field: "depth",
		},
	}
}

// watchAfter returns a call that watches a search after a sequence number: the search id,
// or the valid one if id is empty.
func watchAfter(id string, after int64) func(context.Context, *mesh.Mesh, string) error {
	return func(ctx context.Context, m *mesh.Mesh, search string) error {
		if id == "" {
			id = search
		}
		return drain(wire(m).WatchSearch(ctx, &plannerv1.WatchSearchRequest{SearchId: id, AfterSequence: after}))
	}
}

// listChildren returns a call that lists the children of a node of the valid search.
func listChildren(parent string) func(context.Context, *mesh.Mesh, string) error {
	return func(ctx context.Context, m *mesh.Mesh, search string) error {
		_, err := wire(m).ListNodes(ctx, &plannerv1.ListNodesRequest{
			SearchId: search, Part: &plannerv1.ListNodesRequest_ParentId{ParentId: parent},
		})
		return err
	}
}

// drain reads a stream to its end and returns its error.
func drain[R any](stream interface{ Recv() (R, error) }, err error) error {
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// solveNotUTF8 sends a problem that is not UTF-8, which Go's own codec refuses to send.
func solveNotUTF8(ctx context.Context, m *mesh.Mesh, _ string) error {
	request := &plannerv1.SolveRequest{Spec: plannerrpc.SpecToProto(requestFor(majority(1)))}
	return drain(wire(m).Solve(ctx, request, grpc.ForceCodec(notUTF8{})))
}

// notUTF8 is the protobuf codec, except that it breaks the UTF-8 of a problem.
type notUTF8 struct{}

func (notUTF8) Name() string { return "proto" }

func (notUTF8) Marshal(v any) ([]byte, error) {
	b, err := proto.Marshal(v.(proto.Message))
	return []byte(strings.Replace(string(b), "count", "coun\xff", 1)), err
}

func (notUTF8) Unmarshal(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }
