package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// A fake panics, refuses, or answers with the tenant of its request.
type fake struct {
	plannerv1.UnimplementedPlannerServiceServer
}

func (fake) GetSearch(_ context.Context, r *plannerv1.GetSearchRequest) (*plannerv1.GetSearchResponse, error) {
	switch r.SearchId {
	case "panic":
		panic("boom")
	case "invalid":
		return nil, reasoning.Invalid("search_id", "must exist")
	}
	return &plannerv1.GetSearchResponse{Search: &plannerv1.Search{Tenant: r.Tenant}}, nil
}

func (fake) PlanSearch(_ context.Context, r *plannerv1.PlanSearchRequest) (*plannerv1.PlanSearchResponse, error) {
	return &plannerv1.PlanSearchResponse{Plan: &plannerv1.SearchPlan{Reason: r.GetTenant()}}, nil
}

func (fake) Solve(r *plannerv1.SolveRequest, s grpc.ServerStreamingServer[plannerv1.SolveResponse]) error {
	if r.GetSpec().GetProblem() == "panic" {
		panic("boom")
	}
	return reasoning.Invalid("tenant", "is %s", r.Tenant)
}

func serveFake(t *testing.T, tenancy Tenancy) plannerv1.PlannerServiceClient {
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer(Interceptors(tenancy)...)
	plannerv1.RegisterPlannerServiceServer(server, fake{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///planner", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return plannerv1.NewPlannerServiceClient(conn)
}

func TestTenancy(t *testing.T) {
	only := func(_ context.Context, asked string) (string, error) {
		if asked == "mallory" {
			return "", status.Error(codes.Unauthenticated, "no such key")
		}
		return "alice", nil
	}
	for _, c := range []struct {
		name        string
		tenancy     Tenancy
		asked, want string
	}{
		{"open", nil, "bob", "bob"},
		{"open, nothing said", nil, "", "default"},
		{"authenticated", only, "bob", "alice"},
		{"refused", only, "mallory", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := serveFake(t, c.tenancy)
			search, err1 := client.GetSearch(t.Context(), &plannerv1.GetSearchRequest{Tenant: c.asked})
			plan, err2 := client.PlanSearch(t.Context(), &plannerv1.PlanSearchRequest{Tenant: c.asked})
			stream, err := client.Solve(t.Context(), &plannerv1.SolveRequest{Tenant: c.asked})
			if err != nil {
				t.Fatal(err)
			}
			_, err3 := stream.Recv()
			if c.want == "" {
				for _, err := range []error{err1, err2, err3} {
					if status.Code(err) != codes.Unauthenticated {
						t.Errorf("got %v, want UNAUTHENTICATED", err)
					}
				}
				return
			}
			if got := search.GetSearch().GetTenant(); got != c.want || err1 != nil {
				t.Errorf("unary: got %q and %v, want %q", got, err1, c.want)
			}
			if got := plan.GetPlan().GetReason(); got != c.want || err2 != nil {
				t.Errorf("wrapped: got %q and %v, want %q", got, err2, c.want)
			}
			if want := "tenant: is " + c.want; rpcerr.FromStatus(err3).Error() != want {
				t.Errorf("stream: got %v, want %v", rpcerr.FromStatus(err3), want)
			}
		})
	}
}

func TestHandlersErrorsAndPanics(t *testing.T) {
	var log strings.Builder
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)

	client := serveFake(t, nil)
	_, err := client.GetSearch(t.Context(), &plannerv1.GetSearchRequest{SearchId: "invalid"})
	if got := rpcerr.FromStatus(err); !errors.Is(got, reasoning.ErrInvalid) || got.Error() != "search_id: must exist" {
		t.Errorf("got %v, want the InvalidError", got)
	}
	_, err1 := client.GetSearch(t.Context(), &plannerv1.GetSearchRequest{SearchId: "panic"})
	stream, err := client.Solve(t.Context(), &plannerv1.SolveRequest{Spec: &plannerv1.SearchSpec{Problem: "panic"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err2 := stream.Recv()
	for _, err := range []error{err1, err2} {
		if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "boom") {
			t.Errorf("got %v, want INTERNAL: boom", err)
		}
	}
	if got := strings.Count(log.String(), "intercept_test.go"); got < 2 {
		t.Errorf("the log does not show where the handler panicked:\n%s", log.String())
	}
	if _, err := client.GetSearch(t.Context(), &plannerv1.GetSearchRequest{}); err != nil {
		t.Errorf("the server stopped serving: %v", err)
	}
}
