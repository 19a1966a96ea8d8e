package plannerrpc

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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

// solve returns the id of a search that has ended.
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

func TestPagesOfNodes(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		id := solve(t, c, "count", search.Beam{N: 12, M: 4, MaxLevels: 40})
		list := func(size, depth int32, parent string) (ids []string, pages int) {
			part := &plannerv1.ListNodesRequest_AncestorId{AncestorId: parent}
			var level *int32
			if depth > 0 {
				level = &depth
			}
			token := ""
			for {
				r, err := c.ListNodes(t.Context(), &plannerv1.ListNodesRequest{SearchId: id, PageSize: size, Part: part, Depth: level, PageToken: token})
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range r.GetNodes() {
					ids = append(ids, n.GetNodeId())
				}
				pages++
				if token = r.GetNextPageToken(); token == "" {
					return ids, pages
				}
			}
		}
		all, pages := list(1000, 0, "")
		if len(all) != 3*12 || pages != 1 {
			t.Fatalf("%d nodes on %d pages, want three levels of 12 on one", len(all), pages)
		}
		for _, size := range []int32{1, 5, 12, 35, 36} {
			got, pages := list(size, 0, "")
			if diff := cmp.Diff(got, all); diff != "" {
				t.Errorf("pages of %d: got -, want +\n%s", size, diff)
			}
			if want := (len(all) + int(size) - 1) / int(size); pages != want {
				t.Errorf("%d pages of %d, want %d", pages, size, want)
			}
		}
		if got, _ := list(5, 2, ""); len(got) != 12 {
			t.Errorf("%d nodes of depth 2, want 12", len(got))
		}
		under, _ := list(0, 0, all[0])
		for _, n := range under {
			if len(n) <= len(all[0]) || n[:len(all[0])+1] != all[0]+"." {
				t.Errorf("node %s is listed below %s", n, all[0])
			}
		}
		if rest, _ := list(0, 2, all[0]); len(rest) > len(under) {
			t.Errorf("%d nodes below %s at depth 2, %d in all", len(rest), all[0], len(under))
		}
	})
}

func TestPagesOfSearches(t *testing.T) {
	bubble(t, func(t *testing.T, c plannerv1.PlannerServiceClient) {
		var want []string
		for i := range 5 {
			want = append([]string{solve(t, c, fmt.Sprint(i), search.Greedy{})}, want...)
		}
		for _, size := range []int32{0, 1, 2, 5} {
			var got []string
			token := ""
			for {
				r, err := c.ListSearches(t.Context(), &plannerv1.ListSearchesRequest{PageSize: size, PageToken: token})
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range r.GetSearches() {
					got = append(got, s.GetSearchId())
				}
				if token = r.GetNextPageToken(); token == "" {
					break
				}
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("pages of %d: got -, want +\n%s", size, diff)
			}
		}
	})
}

// A search is the same by all methods.
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
			t.Errorf("planning left searches %v, error %v", list, err)
		}
	})
}
