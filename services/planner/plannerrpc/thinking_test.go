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
		MaxTokens: new(int32(200)), MinTokens: 50, Waits: 2, Wait: "Hmm", MaxSteps: 16,
		Mode: plannerv1.ThinkingMode_THINKING_MODE_REJECT, Advice: plannerv1.ThinkingAdvice_THINKING_ADVICE_STEPS,
	}
	for _, test := range []struct {
		in   *plannerv1.Thinking
		want *backend.Thinking
	}{
		{nil, nil},
		{&plannerv1.Thinking{MaxTokens: new(int32(9))}, &backend.Thinking{Max: 9, Mode: backend.ModeForce}},
		{&plannerv1.Thinking{Waits: 1, EmptyWait: true}, &backend.Thinking{Waits: 1, EmptyWait: true, Mode: backend.ModeForce}},
		{all, &backend.Thinking{
			Max: 200, Min: 50, Waits: 2, Wait: "Hmm", Mode: backend.ModeReject, Advice: backend.AdviceSteps, Steps: 16,
		}},
	} {
		got, err := specFromProto("", "", &plannerv1.SearchSpec{Problem: "p", Thinking: test.in})
		if diff := cmp.Diff(got.Thinking, test.want); diff != "" || err != nil {
			t.Errorf("error %v (-got +want):\n%s", err, diff)
		}
		if again, err := ThinkingFromProto(ThinkingToProto(test.want)); err != nil || !cmp.Equal(again, test.want) {
			t.Errorf("converted to a message and back: got %v and error %v, want %v", again, err, test.want)
		}
	}
}

// The enums of package backend have the contract's numbers and names.
func TestThinkingNumbers(t *testing.T) {
	for number, name := range plannerv1.ThinkingMode_name {
		m, err := backend.ParseMode(strings.ToLower(strings.TrimPrefix(name, "THINKING_MODE_")))
		if known := err == nil; known != (number != 0) || known && int32(m) != number {
			t.Errorf("%s, number %d of the contract: got %d and error %v", name, number, m, err)
		}
	}
	for number, name := range plannerv1.ThinkingAdvice_name {
		a, err := backend.ParseAdvice(strings.ToLower(strings.TrimPrefix(name, "THINKING_ADVICE_")))
		if known := err == nil; known != (number != 0) || known && int32(a) != number {
			t.Errorf("%s, number %d of the contract: got %d and error %v", name, number, a, err)
		}
	}
	mode, advice := backend.Mode(len(plannerv1.ThinkingMode_name)), backend.Advice(len(plannerv1.ThinkingAdvice_name))
	if mode.String() != "unknown" || advice.String() != "unknown" {
		t.Error("package backend has modes or advice that the contract does not have")
	}
}

// Solve applies the request's Thinking, and bills each token. An error names the field that breaks
// a rule.
func TestSolveAppliesThinking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		continuations := map[string]string{
			"":                        "1+2=3\n#\n",
			"1+2=3\n#\n":              "A:3\n",
			"1+2=3\n":                 "2*2=4\n#\n",
			"1+2=3\n2*2=4\n#\n":       "A:4\n",
			"1+2=3\nWait\n":           "3+1=4\n#\n",
			"1+2=3\nWait\n3+1=4\n#\n": "A:4\n",
		}
		p := planner.New(planner.Config{Policy: &policytest.Script{
			Identity: reasoning.Model{Name: "thinker", Template: "pocket-think-v1"},
			Reply: func(r policy.Request, _ int) policytest.Reply {
				text := continuations[strings.Join(r.Steps, "")]
				return policytest.Reply{Child: policy.Child{
					Steps: []reasoning.Step{{Text: text, Tokens: len(text)}}, Finish: reasoning.FinishEnd,
				}}
			},
		}})
		t.Cleanup(p.Close)
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { Register(s, p) })
		c := plannerv1.NewPlannerServiceClient(server.Conn)
		solve := func(thinking *plannerv1.Thinking) (last *plannerv1.SearchEvent, err error) {
			stream, err := c.Solve(t.Context(), &plannerv1.SolveRequest{Spec: &plannerv1.SearchSpec{
				Problem: "p", Strategy: StrategyToProto(search.Greedy{}), Thinking: thinking,
			}})
			for err == nil {
				var r *plannerv1.SolveResponse
				if r, err = stream.Recv(); err == nil {
					last = r.GetEvent()
				}
			}
			return last, err
		}
		got, err := solve(&plannerv1.Thinking{Waits: 1, MaxTokens: new(int32(100))})
		o, tokens := got.GetOutcome(), got.GetBill().GetPolicy().GetGeneratedTokens()
		const solution = "1+2=3\nWait\n3+1=4\n#\nA:4\n"
		if err != io.EOF || o.GetSolution() != solution || o.GetAnswer() != "4" || tokens != 8+8+4 {
			t.Errorf("got %v and error %v, want it to wait once", got, err)
		}
		if got, err = solve(&plannerv1.Thinking{Waits: 1, EmptyWait: true}); got.GetOutcome().GetSolution() != "1+2=3\n2*2=4\n#\nA:4\n" {
			t.Errorf("got %v and error %v, want it to go on without a word", got, err)
		}
		_, err = solve(&plannerv1.Thinking{Waits: -1})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "thinking.waits") {
			t.Errorf("got %v, want thinking.waits refused", err)
		}
	})
}
