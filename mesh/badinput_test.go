package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A badInput is a request that is refused, and how.
type badInput struct {
	what   string
	change func(r *plannerv1.SearchSpec)                                // of a good request to Solve
	whole  func(r *plannerv1.SolveRequest)                              // likewise
	call   func(ctx context.Context, m *mesh.Mesh, search string) error // or any other method
	bare   bool                                                         // to a mesh without a verifier

	code          codes.Code
	reason, field string
}

const invalid = "INVALID_ARGUMENT"

func sampling(s *reasoningv1.Sampling) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Sampling = s }
}

func strategy(s search.Strategy) func(*plannerv1.SearchSpec) {
	return message(plannerrpc.StrategyToProto(s))
}

// message is strategy for what the domain cannot say.
func message(s *plannerv1.Strategy) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Strategy = s }
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

func budget(b *plannerv1.Budget) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Budget = b }
}

func choice(c search.Choice) *plannerv1.Choice { return plannerrpc.ChoiceToProto(c) }

func thinking(k *plannerv1.Thinking) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Thinking = k }
}

func levels(n int) search.Strategy {
	s := search.NewBeam(4)
	s.MaxLevels = n
	return s
}

func badInputs() []badInput {
	return []badInput{
		{what: "empty problem", change: func(r *plannerv1.SearchSpec) { r.Problem = "" }, code: codes.InvalidArgument, reason: invalid, field: "problem"},
		{what: "problem of 64 KiB and a byte", change: func(r *plannerv1.SearchSpec) { r.Problem = strings.Repeat("9", 64<<10+1) }, code: codes.InvalidArgument, reason: invalid, field: "problem"},
		{what: "problem of 17 MB (gRPC refuses it unread)", change: func(r *plannerv1.SearchSpec) { r.Problem = strings.Repeat("9", 17e6) }, code: codes.ResourceExhausted},
		{what: "problem that is not UTF-8 (protobuf refuses it)", call: solveNotUTF8, code: codes.Internal},
		{what: "N = 0", change: strategy(bestOf(0)), code: codes.InvalidArgument, reason: invalid, field: "strategy.best_of_n.n"},
		{what: "N = 10⁶", change: strategy(bestOf(1e6)), code: codes.InvalidArgument, reason: invalid, field: "strategy.best_of_n.n"},
		{what: "majority of 10⁶", change: strategy(majority(1e6)), code: codes.InvalidArgument, reason: invalid, field: "strategy.majority.n"},
		{what: "beam of −1", change: strategy(beam(-1, 1)), code: codes.InvalidArgument, reason: invalid, field: "strategy.beam.n"},
		{what: "width M > N", change: strategy(beam(4, 8)), code: codes.InvalidArgument, reason: invalid, field: "strategy.beam.m"},
		{what: "width M that does not divide N", change: strategy(beam(16, 5)), code: codes.InvalidArgument, reason: invalid, field: "strategy.beam.m"},
		{what: "width M = 0", change: strategy(beam(16, 0)), code: codes.InvalidArgument, reason: invalid, field: "strategy.beam.m"},
		{what: "beam of 0 levels", change: strategy(levels(0)), code: codes.InvalidArgument, reason: invalid, field: "strategy.beam.max_levels"},
		{what: "beam of 10⁶ levels", change: strategy(levels(1e6)), code: codes.InvalidArgument, reason: invalid, field: "strategy.beam.max_levels"},
		{what: "majority that wants to be certain beyond doubt", change: strategy(named("majority", "n=4", "confidence=1")), code: codes.InvalidArgument, reason: invalid, field: "strategy.majority.confidence"},
		{what: "looking 0 steps ahead", change: strategy(named("lookahead", "n=4", "k=0")), code: codes.InvalidArgument, reason: invalid, field: "strategy.lookahead.k"},
		{what: "DVTS of a width that does not divide N", change: strategy(named("dvts", "n=16", "m=5")), code: codes.InvalidArgument, reason: invalid, field: "strategy.dvts.m"},
		{what: "REBASE at temperature 0", change: strategy(named("rebase", "n=4", "balance=0")), code: codes.InvalidArgument, reason: invalid, field: "strategy.rebase.balance"},
		{what: "REBASE at temperature NaN", change: strategy(named("rebase", "n=4", "balance=NaN")), code: codes.InvalidArgument, reason: invalid, field: "strategy.rebase.balance"},
		{what: "MCTS of more walks at a time than in all", change: strategy(named("mcts", "n=2", "parallel=3")), code: codes.InvalidArgument, reason: invalid, field: "strategy.mcts.parallel"},
		{what: "MCTS that picks its answer in an unknown way", change: message(&plannerv1.Strategy{Kind: &plannerv1.Strategy_Mcts{Mcts: &plannerv1.Mcts{N: 2, Final: 99}}}), code: codes.InvalidArgument, reason: invalid, field: "strategy.mcts.final"},
		{what: "particles that iterations do not divide", change: strategy(named("particles", "n=8", "iterations=3")), code: codes.InvalidArgument, reason: invalid, field: "strategy.particles.iterations"},
		{what: "more chains of revisions than attempts", change: strategy(named("revisions", "n=4", "chains=8")), code: codes.InvalidArgument, reason: invalid, field: "strategy.revisions.chains"},
		{what: "a chain of 512 revisions", change: strategy(named("revisions", "n=512", "chains=1")), code: codes.InvalidArgument, reason: invalid, field: "strategy.revisions.n"},
		{what: "unknown strategy", change: message(&plannerv1.Strategy{}), code: codes.InvalidArgument, reason: invalid, field: "strategy"},
		{what: "samples below zero", change: budget(&plannerv1.Budget{Samples: proto.Int32(-1)}), code: codes.InvalidArgument, reason: invalid, field: "budget.samples"},
		{what: "too many samples", change: budget(&plannerv1.Budget{Samples: proto.Int32(4097)}), code: codes.InvalidArgument, reason: invalid, field: "budget.samples"},
		{what: "unknown effort", change: func(r *plannerv1.SearchSpec) { r.Effort = 99 }, code: codes.InvalidArgument, reason: invalid, field: "effort"},
		{what: "unknown choice", change: func(r *plannerv1.SearchSpec) { r.Choice = &plannerv1.Choice{Pick: 99} }, code: codes.InvalidArgument, reason: invalid, field: "choice.pick"},
		{what: "temperature NaN", change: sampling(&reasoningv1.Sampling{Temperature: proto.Float64(math.NaN())}), code: codes.InvalidArgument, reason: invalid, field: "sampling.temperature"},
		{what: "temperature 3", change: sampling(&reasoningv1.Sampling{Temperature: proto.Float64(3)}), code: codes.InvalidArgument, reason: invalid, field: "sampling.temperature"},
		{what: "top_p 0", change: sampling(&reasoningv1.Sampling{TopP: proto.Float64(0)}), code: codes.InvalidArgument, reason: invalid, field: "sampling.top_p"},
		{what: "max_tokens 0", change: sampling(&reasoningv1.Sampling{MaxTokens: proto.Int32(0)}), code: codes.InvalidArgument, reason: invalid, field: "sampling.max_tokens"},
		{what: "max_tokens 10⁶", change: sampling(&reasoningv1.Sampling{MaxTokens: proto.Int32(1e6)}), code: codes.InvalidArgument, reason: invalid, field: "sampling.max_tokens"},
		{what: "thinking that says nothing", change: thinking(&plannerv1.Thinking{}), code: codes.InvalidArgument, reason: invalid, field: "thinking"},
		{what: "thinking that leaves no room for an answer", change: thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(policy.MaxTokens)}), code: codes.InvalidArgument, reason: invalid, field: "thinking.max_tokens"},
		{what: "thinking at least longer than at most", change: thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(8), MinTokens: 9}), code: codes.InvalidArgument, reason: invalid, field: "thinking.min_tokens"},
		{what: "waits of 10⁶", change: thinking(&plannerv1.Thinking{Waits: 1e6}), code: codes.InvalidArgument, reason: invalid, field: "thinking.waits"},
		{what: "unknown mode of thinking", change: thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(8), Mode: 99}), code: codes.InvalidArgument, reason: invalid, field: "thinking.mode"},
		{what: "rejection without a bound", change: thinking(&plannerv1.Thinking{Mode: plannerv1.ThinkingMode_THINKING_MODE_REJECT}), code: codes.InvalidArgument, reason: invalid, field: "thinking.max_tokens"},
		{what: "deadline in the past", change: func(r *plannerv1.SearchSpec) { r.Deadline = timestamppb.New(time.Unix(0, 0)) }, code: codes.InvalidArgument, reason: invalid, field: "deadline"},
		{what: "deadline that is no time", change: func(r *plannerv1.SearchSpec) { r.Deadline = &timestamppb.Timestamp{Nanos: -1} }, code: codes.InvalidArgument, reason: invalid, field: "deadline"},
		{what: "negative policy budget", change: budget(&plannerv1.Budget{PolicyTokens: proto.Int64(-1)}), code: codes.InvalidArgument, reason: invalid, field: "budget.policy_tokens"},
		{what: "negative verifier budget", change: budget(&plannerv1.Budget{VerifierTokens: proto.Int64(-1)}), code: codes.InvalidArgument, reason: invalid, field: "budget.verifier_tokens"},
		{what: "FLOPs budget NaN", change: budget(&plannerv1.Budget{Flops: proto.Float64(math.NaN())}), code: codes.InvalidArgument, reason: invalid, field: "budget.flops"},
		{what: "budget of 0 policy tokens", change: budget(&plannerv1.Budget{PolicyTokens: proto.Int64(0)}), code: codes.InvalidArgument, reason: invalid, field: "budget.policy_tokens"},
		{what: "budget of 0 samples", change: budget(&plannerv1.Budget{Samples: proto.Int32(0)}), code: codes.InvalidArgument, reason: invalid, field: "budget.samples"},
		{what: "choice by votes without an aggregator", change: func(r *plannerv1.SearchSpec) {
			r.Choice = &plannerv1.Choice{Pick: plannerv1.Pick_PICK_VOTE}
		}, code: codes.InvalidArgument, reason: invalid, field: "choice.aggregator"},
		{what: "target confidence (not served yet)", change: func(r *plannerv1.SearchSpec) {
			r.TargetConfidence = proto.Float64(0.9)
		}, code: codes.InvalidArgument, reason: invalid, field: "target_confidence"},
		{what: "price per error (not served yet)", change: budget(&plannerv1.Budget{PricePerError: proto.Float64(1e4)}), code: codes.InvalidArgument, reason: invalid, field: "budget.price_per_error"},
		{what: "ladder (not served yet)", change: message(&plannerv1.Strategy{
			Kind: &plannerv1.Strategy_Ladder{Ladder: &plannerv1.Ladder{Stages: []*plannerv1.Stage{{}}}},
		}), code: codes.InvalidArgument, reason: invalid, field: "strategy.ladder"},
		{what: "an expression as the answer (not served yet)", change: func(r *plannerv1.SearchSpec) {
			r.AnswerKind = plannerv1.AnswerKind_ANSWER_KIND_EXPRESSION
		}, code: codes.InvalidArgument, reason: invalid, field: "answer_kind"},
		{what: "tenant of 129 bytes", whole: func(r *plannerv1.SolveRequest) { r.Tenant = strings.Repeat("t", 129) }, code: codes.InvalidArgument, reason: invalid, field: "tenant"},
		{what: "idempotency key of 129 bytes", whole: func(r *plannerv1.SolveRequest) { r.IdempotencyKey = strings.Repeat("k", 129) }, code: codes.InvalidArgument, reason: invalid, field: "idempotency_key"},
		{what: "choice that needs scores, with majority", change: func(r *plannerv1.SearchSpec) {
			r.Strategy, r.Choice = plannerrpc.StrategyToProto(majority(4)), choice(search.Choice{By: search.ByProd, Pick: search.PickVote})
		}, code: codes.InvalidArgument, reason: invalid, field: "choice"},
		{what: "choice that needs scores, with revisions that use no verifier", change: func(r *plannerv1.SearchSpec) {
			r.Strategy, r.Choice = plannerrpc.StrategyToProto(named("revisions", "n=4", "no_verifier=true")), choice(search.Choice{By: search.ByORM, Pick: search.PickMax})
		}, code: codes.InvalidArgument, reason: invalid, field: "choice"},
		{what: "revisions with a verifier's feedback and without a verifier", change: strategy(named("revisions", "n=4", "no_verifier=true", "feedback=true")), code: codes.InvalidArgument, reason: invalid, field: "strategy.revisions.feedback"},
		{what: "beam, no verifier configured", change: strategy(beam(4, 4)), bare: true, code: codes.FailedPrecondition, reason: "NO_VERIFIER"},
		{what: "choice that needs scores, no verifier configured", change: func(r *plannerv1.SearchSpec) {
			r.Strategy, r.Choice = nil, choice(search.Choice{By: search.ByMin, Pick: search.PickMax})
		}, bare: true, code: codes.FailedPrecondition, reason: "NO_VERIFIER"},
		{what: "PlanSearch without a spec", call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
			_, err := wire(m).PlanSearch(ctx, &plannerv1.PlanSearchRequest{})
			return err
		}, code: codes.InvalidArgument, reason: invalid, field: "spec"},
		{what: "GetSearch of an unknown search", call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
			_, err := wire(m).GetSearch(ctx, &plannerv1.GetSearchRequest{SearchId: "nobody"})
			return err
		}, code: codes.NotFound, reason: "SEARCH_NOT_FOUND"},
		{what: "CancelSearch of an unknown search", call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
			_, err := wire(m).CancelSearch(ctx, &plannerv1.CancelSearchRequest{SearchId: "nobody"})
			return err
		}, code: codes.NotFound, reason: "SEARCH_NOT_FOUND"},
		{what: "WatchSearch of an unknown search", call: watchAfter("nobody", 0), code: codes.NotFound, reason: "SEARCH_NOT_FOUND"},
		{what: "WatchSearch after a number that has not come", call: watchAfter("", 1<<40), code: codes.InvalidArgument, reason: invalid, field: "after_sequence"},
		{what: "WatchSearch after a negative number", call: watchAfter("", -1), code: codes.InvalidArgument, reason: invalid, field: "after_sequence"},
		{what: "ListSearches, negative page size", call: func(ctx context.Context, m *mesh.Mesh, _ string) error {
			_, err := wire(m).ListSearches(ctx, &plannerv1.ListSearchesRequest{PageSize: -1})
			return err
		}, code: codes.InvalidArgument, reason: invalid, field: "page_size"},
		{what: "ListNodes, negative page size", call: func(ctx context.Context, m *mesh.Mesh, search string) error {
			_, err := wire(m).ListNodes(ctx, &plannerv1.ListNodesRequest{SearchId: search, PageSize: -1})
			return err
		}, code: codes.InvalidArgument, reason: invalid, field: "page_size"},
		{what: "ListNodes, negative depth", call: func(ctx context.Context, m *mesh.Mesh, search string) error {
			_, err := wire(m).ListNodes(ctx, &plannerv1.ListNodesRequest{SearchId: search, Depth: proto.Int32(-1)})
			return err
		}, code: codes.InvalidArgument, reason: invalid, field: "depth"},
	}
}

// watchAfter watches a search, the good one if it has no name, after a number.
func watchAfter(id string, after int64) func(context.Context, *mesh.Mesh, string) error {
	return func(ctx context.Context, m *mesh.Mesh, search string) error {
		if id == "" {
			id = search
		}
		err := drain(wire(m).WatchSearch(ctx, &plannerv1.WatchSearchRequest{SearchId: id, AfterSequence: after}))
		return err
	}
}

// solveNotUTF8 sends what Go's own client would refuse to send.
func solveNotUTF8(ctx context.Context, m *mesh.Mesh, _ string) error {
	err := drain(wire(m).Solve(ctx, &plannerv1.SolveRequest{Spec: plannerrpc.SpecToProto(ask(majority(1)))}, grpc.ForceCodec(notUTF8{})))
	return err
}

// notUTF8 is protobuf, but for a problem that it spoils.
type notUTF8 struct{}

func (notUTF8) Name() string { return "proto" }

func (notUTF8) Marshal(v any) ([]byte, error) {
	b, err := proto.Marshal(v.(proto.Message))
	return []byte(strings.Replace(string(b), "count", "coun\xff", 1)), err
}

func (notUTF8) Unmarshal(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }

// Bad input is refused at once, with its code, reason and field, before any engine is
// asked, and the mesh goes on serving.
func TestBadInput(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine, judge := policytest.Steps(1, 10*time.Second), verifiertest.Steps(0)
		bare := start(t, s, mesh.Config{Policy: engine})
		full := start(t, s, mesh.Config{Policy: engine, Verifier: judge})
		outcome, events := solve(t, full, ask(bestOf(4)))
		complete(t, outcome)
		search := events[0].Search

		var rows [][]string
		for i, c := range badInputs() {
			m := full
			if c.bare {
				m = bare
			}
			before, began := len(engine.Calls()), time.Now()
			err := c.send(t.Context(), m, search)
			t.Logf("%s: %v", c.what, err) // names the row in front of its failures
			took(t, began, 0)
			refused(t, err, c.code, c.reason, c.field)
			if asked := len(engine.Calls()) - before; asked > 0 {
				t.Errorf("the engine was asked %d times", asked)
			}
			good := ask(bestOf(2))
			good.Problem = fmt.Sprint("after ", i)
			outcome, _ := solve(t, full, good)
			complete(t, outcome)
			message := status.Convert(err).Message()
			if c.reason == "" {
				message = "" // gRPC's own, which changes with its version
			}
			rows = append(rows, []string{c.what, statusCode(c.code), quoteCode(c.reason), quoteCode(c.field), message})
		}
		checkDocument(t, "input", []string{"Input", "Code", "Reason", "Field", "Message"}, rows)
	})
}

func (c badInput) send(ctx context.Context, m *mesh.Mesh, search string) error {
	if c.call != nil {
		return c.call(ctx, m, search)
	}
	request := &plannerv1.SolveRequest{Spec: plannerrpc.SpecToProto(ask(bestOf(4)))}
	if c.change != nil {
		c.change(request.Spec)
	}
	if c.whole != nil {
		c.whole(request)
	}
	err := drain(wire(m).Solve(ctx, request))
	return err
}
