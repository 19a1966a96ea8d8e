package plannerrpc

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bubble runs body with a client of a planner whose steps take a second.
func bubble(t *testing.T, body func(t *testing.T, c plannerv1.PlannerServiceClient)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := planner.New(planner.Config{Policy: policytest.Steps(3, time.Second), Verifier: verifiertest.Steps(0)})
		t.Cleanup(p.Close)
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { Register(s, p) })
		body(t, plannerv1.NewPlannerServiceClient(server.Conn))
	})
}

// solve runs a search to its end and returns its id.
func solve(t *testing.T, c plannerv1.PlannerServiceClient, problem string, s search.Strategy) (id string) {
	t.Helper()
	stream, err := c.Solve(t.Context(), &plannerv1.SolveRequest{Spec: &plannerv1.SearchSpec{Problem: problem, Strategy: StrategyToProto(s)}})
	for err == nil {
		var r *plannerv1.SolveResponse
		if r, err = stream.Recv(); err == nil {
			id = r.GetEvent().GetSearchId()
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return id
}

// GetSearch returns the whole state of an ended search, and only to its tenant.
func TestGetSearch(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		id := solve(t, c, "count", search.BestOfN{N: 4})
		r, err := c.GetSearch(t.Context(), &plannerv1.GetSearchRequest{SearchId: id})
		if err != nil {
			t.Fatal(err)
		}
		s := r.GetSearch()
		if s.GetSpec().GetProblem() != "count" || s.GetTenant() != "default" || s.GetNodeCount() != 4 || s.GetState() != plannerv1.SearchState_SEARCH_STATE_SUCCEEDED {
			t.Errorf("got %v", s)
		}
		o := s.GetOutcome()
		if o.GetElapsed().AsDuration() != 3*time.Second || o.GetSolution() == "" || len(o.GetCandidates()) == 0 || o.GetCandidates()[0].GetAnswer() != o.GetAnswer() {
			t.Errorf("outcome %v", o)
		}
		if s.GetBill().GetPolicy().GetGeneratedTokens() == 0 || s.GetBill().GetVerifier().GetVerifierTokens() == 0 {
			t.Errorf("bill %v", s.GetBill())
		}
		_, err = c.GetSearch(t.Context(), &plannerv1.GetSearchRequest{SearchId: id, Tenant: "other"})
		if got := status.Code(err); got != codes.NotFound {
			t.Errorf("another tenant's search: got %v, want NOT_FOUND", err)
		}
	})
}

func TestPlan(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		r, err := c.PlanSearch(t.Context(), &plannerv1.PlanSearchRequest{Spec: &plannerv1.SearchSpec{Problem: "count", Effort: plannerv1.Effort_EFFORT_HIGH}})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.GetPlan(); got.GetStrategy().GetBestOfN().GetN() != 16 || got.GetChoice().GetAggregator() != reasoningv1.Aggregator_AGGREGATOR_MIN || got.GetChoice().GetPick() != plannerv1.Pick_PICK_VOTE || got.GetReason() == "" {
			t.Errorf("plan %v, want best of 16 by min-vote", got)
		}
		list, err := c.ListSearches(t.Context(), &plannerv1.ListSearchesRequest{})
		if err != nil || len(list.GetSearches()) > 0 {
			t.Errorf("PlanSearch created searches %v, error %v", list, err)
		}
	})
}

// cancel_on_disconnect cancels a search that nothing else follows.
func TestCancelOnDisconnect(t *testing.T) {
	for _, c := range []struct {
		name          string
		flag, another bool
		want          plannerv1.SearchState
	}{
		{"without the flag", false, false, plannerv1.SearchState_SEARCH_STATE_SUCCEEDED},
		{"the only follower", true, false, plannerv1.SearchState_SEARCH_STATE_CANCELLED},
		{"another follower", true, true, plannerv1.SearchState_SEARCH_STATE_SUCCEEDED},
	} {
		bubble(t, func(t *testing.T, client plannerv1.PlannerServiceClient) {
			follow := func(flag bool) (id string, leave func()) {
				ctx, leave := context.WithCancel(t.Context())
				stream, err := client.Solve(ctx, &plannerv1.SolveRequest{
					Spec: &plannerv1.SearchSpec{Problem: "count"}, IdempotencyKey: "k", CancelOnDisconnect: flag,
				})
				if err != nil {
					t.Fatal(err)
				}
				first, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				return first.GetEvent().GetSearchId(), leave
			}
			id, leave := follow(c.flag)
			if c.another {
				_, stop := follow(false)
				defer stop()
			}
			leave()
			got, err := client.WaitSearch(t.Context(), &plannerv1.WaitSearchRequest{SearchId: id, Timeout: durationpb.New(time.Minute)})
			if err != nil || got.GetSearch().GetState() != c.want {
				t.Errorf("%s: %v, error %v, want %v", c.name, got.GetSearch().GetState(), err, c.want)
			}
		})
	}
}

func TestWaitSearch(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		id := solve(t, c, "count", search.Greedy{})
		for timeout, want := range map[time.Duration]codes.Code{
			0: codes.OK, maxWait: codes.OK, -1: codes.InvalidArgument, maxWait + 1: codes.InvalidArgument,
		} {
			_, err := c.WaitSearch(t.Context(), &plannerv1.WaitSearchRequest{SearchId: id, Timeout: durationpb.New(timeout)})
			if got := status.Code(err); got != want {
				t.Errorf("timeout %v: got %v, want %v", timeout, err, want)
			}
		}
	})
}

func TestDeleteTenant(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		for i := range 3 {
			solve(t, c, fmt.Sprint(i), search.Greedy{})
		}
		if _, err := c.CreateSearch(t.Context(), &plannerv1.CreateSearchRequest{Spec: &plannerv1.SearchSpec{Problem: "live"}}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct {
			tenant string
			count  int64
		}{{"another", 0}, {"", 4}, {"", 0}} {
			got, err := c.DeleteTenant(t.Context(), &plannerv1.DeleteTenantRequest{Tenant: want.tenant})
			if err != nil || got.GetSearchCount() != want.count {
				t.Errorf("tenant %q: deleted %d, error %v, want %d", want.tenant, got.GetSearchCount(), err, want.count)
			}
		}
	})
}

// The error of a method that is not served yet has the reason NOT_SERVED_YET.
func TestGetUsageIsNotServed(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		_, err := c.GetUsage(t.Context(), &plannerv1.GetUsageRequest{})
		s := status.Convert(err)
		if s.Code() != codes.Unimplemented || len(s.Details()) != 1 || s.Details()[0].(*errdetails.ErrorInfo).GetReason() != "NOT_SERVED_YET" {
			t.Errorf("got %v with %v, want UNIMPLEMENTED, NOT_SERVED_YET", err, s.Details())
		}
	})
}
