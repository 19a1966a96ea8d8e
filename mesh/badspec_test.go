package mesh_test

import (
	"math"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
)

// invalid returns a spec that is refused as an invalid argument because of a field.
func invalid(input, field string, change func(*plannerv1.SearchSpec)) badInput {
	return badInput{input: input, change: change, code: codes.InvalidArgument, reason: invalidArgument, field: field}
}

// strategy returns a change of a spec that sets its strategy; the functions below set other
// fields.
func strategy(s search.Strategy) func(*plannerv1.SearchSpec) {
	return message(plannerrpc.StrategyToProto(s))
}

// message is like strategy, for messages that no search.Strategy has.
func message(s *plannerv1.Strategy) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Strategy = s }
}

func strategyAndChoice(s search.Strategy, c search.Choice) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) {
		r.Strategy, r.Choice = plannerrpc.StrategyToProto(s), plannerrpc.ChoiceToProto(c)
	}
}

func budget(b *plannerv1.Budget) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Budget = b }
}

func sampling(s *reasoningv1.Sampling) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Sampling = s }
}

func thinking(k *plannerv1.Thinking) func(*plannerv1.SearchSpec) {
	return func(r *plannerv1.SearchSpec) { r.Thinking = k }
}

// levels returns a beam search of at most n levels.
func levels(n int) search.Strategy {
	s := search.NewBeam(4)
	s.MaxLevels = n
	return s
}

// beyond returns a spec that is refused because the policy of the incapable mesh cannot do it.
func beyond(input, reason, field string, change func(*plannerv1.SearchSpec)) badInput {
	code := codes.FailedPrecondition
	if reason == "PROBLEM_UNREADABLE" {
		code = codes.InvalidArgument
	}
	return badInput{input: input, change: func(r *plannerv1.SearchSpec) {
		strategy(search.Greedy{})(r)
		change(r)
	}, code: code, reason: reason, field: field, incapable: true}
}

// badSpecs returns the specs that Solve refuses.
func badSpecs() []badInput {
	return []badInput{
		invalid("empty problem", "problem", func(r *plannerv1.SearchSpec) { r.Problem = "" }),
		invalid("problem of more than 64 KiB", "problem",
			func(r *plannerv1.SearchSpec) { r.Problem = strings.Repeat("9", 64<<10+1) }),
		{
			input:  "problem of 17 MB (refused by gRPC)",
			change: func(r *plannerv1.SearchSpec) { r.Problem = strings.Repeat("9", 17e6) },
			code:   codes.ResourceExhausted,
		},
		invalid("N = 0", "strategy.best_of_n.n", strategy(bestOf(0))),
		invalid("N = 10⁶", "strategy.best_of_n.n", strategy(bestOf(1e6))),
		invalid("majority of 10⁶", "strategy.majority.n", strategy(majority(1e6))),
		invalid("beam of −1", "strategy.beam.n", strategy(beam(-1, 1))),
		invalid("width M > N", "strategy.beam.m", strategy(beam(4, 8))),
		invalid("width M that does not divide N", "strategy.beam.m", strategy(beam(16, 5))),
		invalid("width M = 0", "strategy.beam.m", strategy(beam(16, 0))),
		invalid("beam of 0 levels", "strategy.beam.max_levels", strategy(levels(0))),
		invalid("beam of 10⁶ levels", "strategy.beam.max_levels", strategy(levels(1e6))),
		invalid("majority that stops at confidence 1", "strategy.majority.confidence",
			strategy(named("majority", "n=4", "confidence=1"))),
		invalid("lookahead of 0 steps", "strategy.lookahead.k", strategy(named("lookahead", "n=4", "k=0"))),
		invalid("DVTS of a width that does not divide N", "strategy.dvts.m", strategy(named("dvts", "n=16", "m=5"))),
		invalid("REBASE at temperature 0", "strategy.rebase.balance", strategy(named("rebase", "n=4", "balance=0"))),
		invalid("REBASE at temperature NaN", "strategy.rebase.balance", strategy(named("rebase", "n=4", "balance=NaN"))),
		invalid("MCTS of more concurrent simulations than N", "strategy.mcts.parallel",
			strategy(named("mcts", "n=2", "parallel=3"))),
		invalid("MCTS with an unknown final choice", "strategy.mcts.final",
			message(&plannerv1.Strategy{Kind: &plannerv1.Strategy_Mcts{Mcts: &plannerv1.Mcts{N: 2, Final: 99}}})),
		invalid("particles that their iterations do not divide", "strategy.particles.iterations",
			strategy(named("particles", "n=8", "iterations=3"))),
		invalid("revisions in more chains than attempts", "strategy.revisions.chains",
			strategy(named("revisions", "n=4", "chains=8"))),
		invalid("a chain of 512 revisions", "strategy.revisions.n", strategy(named("revisions", "n=512", "chains=1"))),
		invalid("unknown strategy", "strategy", message(&plannerv1.Strategy{})),
		invalid("negative samples", "budget.samples", budget(&plannerv1.Budget{Samples: proto.Int32(-1)})),
		invalid("too many samples", "budget.samples", budget(&plannerv1.Budget{Samples: proto.Int32(4097)})),
		invalid("unknown effort", "effort", func(r *plannerv1.SearchSpec) { r.Effort = 99 }),
		invalid("samples beside a strategy", "budget.samples", budget(&plannerv1.Budget{Samples: proto.Int32(16)})),
		invalid("effort beside a strategy", "effort",
			func(r *plannerv1.SearchSpec) { r.Effort = plannerv1.Effort_EFFORT_LOW }),
		invalid("unknown choice", "choice.pick", func(r *plannerv1.SearchSpec) { r.Choice = &plannerv1.Choice{Pick: 99} }),
		invalid("temperature NaN", "sampling.temperature",
			sampling(&reasoningv1.Sampling{Temperature: proto.Float64(math.NaN())})),
		invalid("temperature 3", "sampling.temperature", sampling(&reasoningv1.Sampling{Temperature: proto.Float64(3)})),
		invalid("top_p 0", "sampling.top_p", sampling(&reasoningv1.Sampling{TopP: proto.Float64(0)})),
		invalid("max_tokens 0", "sampling.max_tokens", sampling(&reasoningv1.Sampling{MaxTokens: proto.Int32(0)})),
		invalid("max_tokens 10⁶", "sampling.max_tokens", sampling(&reasoningv1.Sampling{MaxTokens: proto.Int32(1e6)})),
		invalid("thinking without any bound", "thinking", thinking(&plannerv1.Thinking{})),
		invalid("thinking that leaves no tokens for the answer", "thinking.max_tokens",
			thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(policy.MaxTokens)})),
		invalid("thinking with a minimum above its maximum", "thinking.min_tokens",
			thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(8), MinTokens: 9})),
		invalid("waits of 10⁶", "thinking.waits", thinking(&plannerv1.Thinking{Waits: 1e6})),
		invalid("a wait where no end of thinking is replaced", "thinking.wait",
			thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(8), Wait: "Hmm"})),
		invalid("an empty wait where no end of thinking is replaced", "thinking.empty_wait",
			thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(8), EmptyWait: true})),
		invalid("an empty wait and a wait", "thinking.empty_wait",
			thinking(&plannerv1.Thinking{Waits: 1, Wait: "Hmm", EmptyWait: true})),
		invalid("unknown mode of thinking", "thinking.mode",
			thinking(&plannerv1.Thinking{MaxTokens: proto.Int32(8), Mode: 99})),
		invalid("thinking in mode reject without a maximum", "thinking.max_tokens",
			thinking(&plannerv1.Thinking{Mode: plannerv1.ThinkingMode_THINKING_MODE_REJECT})),
		invalid("deadline in the past", "deadline",
			func(r *plannerv1.SearchSpec) { r.Deadline = timestamppb.New(time.Unix(0, 0)) }),
		invalid("deadline that is not a valid timestamp", "deadline",
			func(r *plannerv1.SearchSpec) { r.Deadline = &timestamppb.Timestamp{Nanos: -1} }),
		invalid("negative policy budget", "budget.policy_tokens", budget(&plannerv1.Budget{PolicyTokens: proto.Int64(-1)})),
		invalid("negative verifier budget", "budget.verifier_tokens",
			budget(&plannerv1.Budget{VerifierTokens: proto.Int64(-1)})),
		invalid("FLOPs budget NaN", "budget.flops", budget(&plannerv1.Budget{Flops: proto.Float64(math.NaN())})),
		invalid("infinite FLOPs budget", "budget.flops", budget(&plannerv1.Budget{Flops: proto.Float64(math.Inf(1))})),
		invalid("policy that is not served", "policy", func(r *plannerv1.SearchSpec) { r.Policy = "gpt-2" }),
		invalid("verifier that is not served", "verifier", func(r *plannerv1.SearchSpec) { r.Verifier = "gpt-2" }),
		invalid("budget of 0 policy tokens", "budget.policy_tokens",
			budget(&plannerv1.Budget{PolicyTokens: proto.Int64(0)})),
		invalid("budget of 0 samples", "budget.samples", budget(&plannerv1.Budget{Samples: proto.Int32(0)})),
		invalid("choice by votes without an aggregator", "choice.aggregator",
			func(r *plannerv1.SearchSpec) { r.Choice = &plannerv1.Choice{Pick: plannerv1.Pick_PICK_VOTE} }),
		invalid("target confidence (not served yet)", "target_confidence",
			func(r *plannerv1.SearchSpec) { r.TargetConfidence = proto.Float64(0.9) }),
		invalid("price per error (not served yet)", "budget.price_per_error",
			budget(&plannerv1.Budget{PricePerError: proto.Float64(1e4)})),
		invalid("ladder (not served yet)", "strategy.ladder",
			message(&plannerv1.Strategy{
				Kind: &plannerv1.Strategy_Ladder{Ladder: &plannerv1.Ladder{Stages: []*plannerv1.Stage{{}}}},
			})),
		invalid("unknown kind of answer", "answer_kind", func(r *plannerv1.SearchSpec) { r.AnswerKind = 99 }),
		invalid("choice that needs scores, with majority", "choice",
			strategyAndChoice(majority(4), search.Choice{By: search.ByProd, Pick: search.PickVote})),
		invalid("choice that needs scores, with revisions that use no verifier", "choice",
			strategyAndChoice(named("revisions", "n=4", "no_verifier=true"),
				search.Choice{By: search.ByORM, Pick: search.PickMax})),
		invalid("revisions with feedback from a verifier, but no_verifier", "strategy.revisions.feedback",
			strategy(named("revisions", "n=4", "no_verifier=true", "feedback=true"))),
		{
			input:      "beam, no verifier configured",
			change:     strategy(beam(4, 4)),
			noVerifier: true,
			code:       codes.FailedPrecondition, reason: "NO_VERIFIER",
		},
		{
			input: "choice that needs scores, no verifier configured",
			change: func(r *plannerv1.SearchSpec) {
				r.Strategy = nil
				r.Choice = plannerrpc.ChoiceToProto(search.Choice{By: search.ByMin, Pick: search.PickMax})
			},
			noVerifier: true,
			code:       codes.FailedPrecondition, reason: "NO_VERIFIER",
		},
		beyond("beam, the policy's server does not count the tokens of steps", "CAPABILITY_MISSING", "strategy", strategy(beam(4, 2))),
		beyond("revisions, the workers cannot show attempts", "CAPABILITY_MISSING", "strategy", strategy(search.NewRevisions(4))),
		beyond("choice by certainty, the policy's server sends no log-probabilities", "CAPABILITY_MISSING", "choice",
			strategyAndChoice(majority(4), search.Choice{By: search.ByCertainty})),
		beyond("max_tokens above the context of the policy's server", "CAPABILITY_MISSING", "sampling.max_tokens",
			sampling(&reasoningv1.Sampling{MaxTokens: proto.Int32(128)})),
		beyond("problem with a character that the policy does not read", "PROBLEM_UNREADABLE", "problem",
			func(r *plannerv1.SearchSpec) { r.Problem = "1 加 1 等于几" }),
		beyond("problem that is longer than the policy's context", "PROBLEM_UNREADABLE", "problem",
			func(r *plannerv1.SearchSpec) { r.Problem = strings.Repeat("one ", 64) }),
	}
}
