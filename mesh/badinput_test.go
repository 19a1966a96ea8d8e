package mesh_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A badInput is a request that is refused, and the error that refuses it.
type badInput struct {
	input      string
	change     func(r *plannerv1.SearchSpec)                                // changes the spec of a valid call of Solve
	whole      func(r *plannerv1.SolveRequest)                              // changes the request of that call
	call       func(ctx context.Context, m *mesh.Mesh, search string) error // replaces the call of Solve
	noVerifier bool                                                         // the mesh has no verifier
	incapable  bool                                                         // the mesh has a policy that can do little: see below

	code          codes.Code
	reason, field string
}

const invalidArgument = "INVALID_ARGUMENT"

// send sends the request and returns its error. search is the id of a valid search.
func (c badInput) send(ctx context.Context, m *mesh.Mesh, search string) error {
	if c.call != nil {
		return c.call(ctx, m, search)
	}
	request := &plannerv1.SolveRequest{Spec: plannerrpc.SpecToProto(requestFor(bestOf(4)))}
	if c.change != nil {
		c.change(request.Spec)
	}
	if c.whole != nil {
		c.whole(request)
	}
	return drain(wire(m).Solve(ctx, request))
}

// Bad input is refused at once, with its code, reason and field, before a model is called;
// after it a valid search succeeds.
func TestBadInputIsRefused(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := policytest.Steps(1, 10*time.Second)
		withoutVerifier := start(t, s, mesh.Config{Policy: engine})
		withVerifier := start(t, s, mesh.Config{Policy: engine, Verifier: verifiertest.Steps(0)})
		little := policytest.Steps(1, 0)
		little.Identity = reasoning.Model{Name: "small", Template: "steps"}
		const no = reasoning.SupportNo
		little.Can = policy.Capabilities{
			Input: reasoning.Input{Alphabet: "abcdefghijklmnopqrstuvwxyz 0123456789", Tokens: 100}, Total: 128,
			Counts: no, LogProbs: no, Continues: no, Attempts: no, Stops: no,
		}
		incapable := start(t, s, mesh.Config{Policy: little, Verifier: verifiertest.Steps(0), Sampling: reasoning.DefaultSampling(64)})
		outcome, events := solve(t, withVerifier, requestFor(bestOf(4)))
		complete(t, outcome)
		search := events[0].Search
		sequence := fmt.Sprint(events[len(events)-1].Sequence) // depends on timing: the document has N instead

		var rows [][]string
		for i, c := range slices.Concat(badSpecs(), badCalls()) {
			m := withVerifier
			switch {
			case c.noVerifier:
				m = withoutVerifier
			case c.incapable:
				m = incapable
			}
			before, began := len(engine.Calls()), time.Now()
			err := c.send(t.Context(), m, search)
			t.Logf("%s: %v", c.input, err) // names the row before its failures
			took(t, began, 0)
			refused(t, err, c.code, c.reason, c.field)
			if calls := len(engine.Calls()) + len(little.Calls()) - before; calls > 0 {
				t.Errorf("the engine was called %d times, want none", calls)
			}
			valid := requestFor(bestOf(2))
			valid.Problem = fmt.Sprint("after ", i)
			outcome, _ := solve(t, withVerifier, valid)
			complete(t, outcome)
			message := strings.ReplaceAll(status.Convert(err).Message(), sequence, "N")
			if c.reason == "" {
				message = "" // gRPC's own text changes with its version
			}
			rows = append(rows, []string{c.input, statusCode(c.code), quoteCode(c.reason), quoteCode(c.field), message})
		}
		checkDocument(t, "input", []string{"Input", "Code", "Reason", "Field", "Message"}, rows)
	})
}
