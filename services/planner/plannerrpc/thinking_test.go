package plannerrpc

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestFromThinking(t *testing.T) {
	all := &plannerv1.Thinking{
		MaxTokens: 200, MinTokens: 50, Waits: 2, Wait: "Hmm", MaxSteps: 16,
		Mode: plannerv1.ThinkingMode_THINKING_MODE_REJECT, Advice: plannerv1.ThinkingAdvice_THINKING_ADVICE_STEPS,
	}
	for _, test := range []struct {
		in   *plannerv1.Thinking
		want *backend.Thinking
	}{
		{nil, nil},
		{&plannerv1.Thinking{MaxTokens: 9}, &backend.Thinking{Max: 9, Mode: backend.ModeForce}},
		{all, &backend.Thinking{Max: 200, Min: 50, Waits: 2, Wait: "Hmm", Mode: backend.ModeReject, Advice: backend.AdviceSteps, Steps: 16}},
	} {
		got, err := fromRequest(&plannerv1.SolveRequest{Problem: "p", Thinking: test.in})
		if diff := cmp.Diff(got.Thinking, test.want); diff != "" || err != nil {
			t.Errorf("error %v (-got +want):\n%s", err, diff)
		}
	}
}

// The domain's numbers of the enums, and people's names, are the contract's.
func TestThinkingNames(t *testing.T) {
	for name, want := range map[string]plannerv1.ThinkingMode{
		"": 0, "force": plannerv1.ThinkingMode(backend.ModeForce), "reject": plannerv1.ThinkingMode_THINKING_MODE_REJECT, "advise": plannerv1.ThinkingMode(backend.ModeAdvise),
	} {
		if got, err := ParseThinkingMode(name); err != nil || got != want {
			t.Errorf("%q: got %v and error %v, want %v", name, got, err, want)
		}
	}
	for name, want := range map[string]plannerv1.ThinkingAdvice{
		"": 0, "tokens": plannerv1.ThinkingAdvice(backend.AdviceTokens), "steps": plannerv1.ThinkingAdvice(backend.AdviceSteps),
		"short": plannerv1.ThinkingAdvice_THINKING_ADVICE_SHORT, "long": plannerv1.ThinkingAdvice(backend.AdviceLong),
	} {
		if got, err := ParseThinkingAdvice(name); err != nil || got != want {
			t.Errorf("%q: got %v and error %v, want %v", name, got, err, want)
		}
	}
	if _, err := ParseThinkingMode("hard"); err == nil {
		t.Error("an unknown mode is known")
	}
	if len(thinkingModes) != len(plannerv1.ThinkingMode_name) || len(thinkingAdvice) != len(plannerv1.ThinkingAdvice_name) {
		t.Error("the contract has other modes or advice than people")
	}
}

// Through gRPC: the thinking that is asked for is had, billed to the token, and what
// cannot be had is an error that names the field.
func TestSolveThinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		says := map[string]string{"": "1+2=3\n#\n", "1+2=3\n#\n": "A:3\n", "1+2=3\nWait\n": "3+1=4\n#\n", "1+2=3\nWait\n3+1=4\n#\n": "A:4\n"}
		p := planner.New(planner.Config{Policy: &policytest.Script{
			Identity: reasoning.Model{Name: "thinker", Template: "pocket-think-v1"},
			Reply: func(r policy.Request, _ int) policytest.Reply {
				said := says[strings.Join(r.Steps, "")]
				return policytest.Reply{Child: policy.Child{Steps: []reasoning.Step{{Text: said, Tokens: len(said)}}, Finish: reasoning.FinishEnd}}
			},
		}})
		t.Cleanup(p.Close)
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { Register(s, p) })
		c := plannerv1.NewPlannerServiceClient(server.Conn)
		ask := func(how *plannerv1.Thinking) (last *plannerv1.SearchEvent, err error) {
			stream, err := c.Solve(t.Context(), &plannerv1.SolveRequest{Problem: "p", Strategy: toStrategy(search.Greedy{}), Thinking: how})
			for err == nil {
				var r *plannerv1.SolveResponse
				if r, err = stream.Recv(); err == nil {
					last = r.GetEvent()
				}
			}
			return last, err
		}
		got, err := ask(&plannerv1.Thinking{Waits: 1, MaxTokens: 100})
		if o := got.GetOutcome(); err != io.EOF || o.GetSolution() != "1+2=3\nWait\n3+1=4\n#\nA:4\n" || o.GetAnswer() != "4" || got.GetBill().GetPolicy().GetGeneratedTokens() != 8+8+4 {
			t.Errorf("got %v and error %v, want it to wait once", got, err)
		}
		if _, err := ask(&plannerv1.Thinking{Waits: -1}); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "thinking.waits") {
			t.Errorf("got %v, want thinking.waits refused", err)
		}
	})
}
