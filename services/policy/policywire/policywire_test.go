package policywire

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/internal/wire/wiretest"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

var (
	starts = rapid.Custom(func(t *rapid.T) policy.Start {
		return policy.Start{
			Worker:    rapid.String().Draw(t, "worker"),
			Attempt:   wiretest.Counts.Draw(t, "attempt"),
			QueueWait: wiretest.Durations.Draw(t, "queue_wait"),
		}
	})
	children = rapid.Custom(func(t *rapid.T) policy.Child {
		return policy.Child{
			Ordinal:  wiretest.Counts.Draw(t, "ordinal"),
			Steps:    rapid.SliceOfN(wiretest.Steps, 1, 4).Draw(t, "steps"),
			Finish:   wiretest.Finishes.Draw(t, "finish"),
			Generate: wiretest.Durations.Draw(t, "generate"),
			Start:    starts.Draw(t, "start"),
		}.WithCost(wiretest.Costs.Draw(t, "cost"))
	})
)

func TestRoundTrips(t *testing.T) {
	wiretest.RoundTrip(t, "child", children, ChildToProto, ChildFromProto)
	wiretest.RoundTrip(t, "start", starts, StartToProto, StartFromProto)
	wiretest.RoundTrip(t, "capabilities", rapid.Custom(func(t *rapid.T) policy.Capabilities {
		return policy.Capabilities{
			Input: wiretest.Inputs.Draw(t, "input"), Total: wiretest.Counts.Draw(t, "total"),
			Counts: wiretest.Supports.Draw(t, "counts"), LogProbs: wiretest.Supports.Draw(t, "log_probs"),
			Continues: wiretest.Supports.Draw(t, "continues"), Attempts: wiretest.Supports.Draw(t, "attempts"),
			Stops: wiretest.Supports.Draw(t, "stops"),
		}
	}), CapabilitiesToProto, CapabilitiesFromProto)
	wiretest.RoundTrip(t, "expansion", rapid.Custom(func(t *rapid.T) policy.Request {
		return policy.Request{
			Tenant:   rapid.String().Draw(t, "tenant"),
			Search:   rapid.String().Draw(t, "search"),
			Node:     rapid.String().Draw(t, "node"),
			Problem:  rapid.String().Draw(t, "problem"),
			Attempts: wiretest.Texts.Draw(t, "attempts"),
			Steps:    wiretest.Texts.Draw(t, "steps"),
			Ordinals: rapid.SliceOf(wiretest.Counts).Draw(t, "ordinals"),
			Span:     wiretest.Counts.Draw(t, "span"),
			Stop:     rapid.String().Draw(t, "stop"),
			Seed:     reasoning.Seed(rapid.Uint64().Draw(t, "seed")),
			Sampling: wiretest.Samplings.Draw(t, "sampling"),
			Model:    wiretest.Models.Draw(t, "model"),
		}
	}), ExpansionToProto, func(p *policyv1.Expansion) (policy.Request, error) {
		return ExpansionFromProto(p, reasoning.Sampling{Temperature: 1.5, TopP: 0.25, MaxTokens: 3})
	}, cmpopts.IgnoreFields(policy.Request{}, "OnStart", "OnWait"))
}

func TestMalformed(t *testing.T) {
	child := func(damage func(*policyv1.Child)) error {
		p := ChildToProto(policy.Child{Steps: []reasoning.Step{{Text: "x"}}, Finish: reasoning.FinishEnd})
		damage(p)
		_, err := ChildFromProto(p)
		return err
	}
	for name, err := range map[string]error{
		"no child":         wiretest.Second(ChildFromProto(nil)),
		"no finish":        child(func(c *policyv1.Child) { c.Finish = 0 }),
		"unknown finish":   child(func(c *policyv1.Child) { c.Finish = 9 }),
		"no steps":         child(func(c *policyv1.Child) { c.Steps = nil }),
		"negative tokens":  child(func(c *policyv1.Child) { c.Steps[0].Tokens = -1 }),
		"score above one":  child(func(c *policyv1.Child) { c.Steps[0].Score = proto.Float64(1.1) }),
		"score NaN":        child(func(c *policyv1.Child) { c.Steps[0].Score = proto.Float64(math.NaN()) }),
		"log-probability":  child(func(c *policyv1.Child) { c.Steps[0].LogProb = math.Inf(-1) }),
		"negative usage":   child(func(c *policyv1.Child) { c.Usage.GeneratedTokens = -1 }),
		"endless cost":     child(func(c *policyv1.Child) { c.Usage.Flops = math.Inf(1) }),
		"negative time":    child(func(c *policyv1.Child) { c.GenerateTime = durationpb.New(-1) }),
		"negative ordinal": child(func(c *policyv1.Child) { c.Ordinal = -1 }),
		"negative tokens of a problem": wiretest.Second(CapabilitiesFromProto(&policyv1.Capabilities{
			Input: &reasoningv1.Input{MaxProblemTokens: -1}})),
		"negative total": wiretest.Second(CapabilitiesFromProto(&policyv1.Capabilities{MaxTotalTokens: -1})),
		"endless alphabet": wiretest.Second(CapabilitiesFromProto(&policyv1.Capabilities{
			Input: &reasoningv1.Input{Alphabet: strings.Repeat("a", reasoning.MaxAlphabet+1)}})),
	} {
		if !errors.Is(err, wire.ErrMalformed) || errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
	tooMany := &policyv1.Expansion{Ordinals: make([]int32, policy.MaxChildren+1)}
	negative := &policyv1.Expansion{Model: &reasoningv1.ModelIdentity{Parameters: -1}}
	nothing := &policyv1.Expansion{Span: proto.Int32(0)}
	for name, p := range map[string]*policyv1.Expansion{"too many ordinals": tooMany, "model": negative, "no steps": nothing} {
		if _, err := ExpansionFromProto(p, reasoning.Sampling{}); !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}
