// Package policywire holds pairs of inverse functions between the types of package
// policy and their messages, XToProto and XFromProto. policyrpc, policyqueue and
// difficultyrpc share them, so that a child is one message wherever it travels.
package policywire

import (
	"cmp"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// ExpansionToProto turns a request into its message, all but its callbacks. The
// request is valid.
func ExpansionToProto(r policy.Request) *policyv1.Expansion {
	p := &policyv1.Expansion{
		Tenant:   r.Tenant,
		SearchId: r.Search,
		NodeId:   r.Node,
		Problem:  r.Problem,
		Attempts: r.Attempts,
		Steps:    r.Steps,
		Ordinals: make([]int32, len(r.Ordinals)),
		Stop:     r.Stop,
		Seed:     uint64(r.Seed),
		Sampling: wire.SamplingToProto(r.Sampling),
		Model:    wire.ModelToProto(r.Model),
	}
	for i, o := range r.Ordinals {
		p.Ordinals[i] = int32(o)
	}
	if r.Span != policy.Whole {
		p.Span = proto.Int32(int32(r.Span))
	}
	return p
}

// ExpansionFromProto is the inverse of ExpansionToProto; what p does not set of
// its sampling is taken from defaults.
func ExpansionFromProto(p *policyv1.Expansion, defaults reasoning.Sampling) (policy.Request, error) {
	if n := len(p.GetOrdinals()); n > policy.MaxChildren { // before they are copied
		return policy.Request{}, reasoning.Invalid("ordinals", "must be 1 to %d, are %d", policy.MaxChildren, n)
	}
	if p != nil && p.Span != nil && *p.Span == policy.Whole { // absent is whole, 0 is nothing
		return policy.Request{}, reasoning.Invalid("span", "must be 1 to %d, or absent for a whole solution, is 0", policy.MaxSpan)
	}
	r := policy.Request{
		Tenant:   p.GetTenant(),
		Search:   p.GetSearchId(),
		Node:     p.GetNodeId(),
		Problem:  p.GetProblem(),
		Attempts: p.GetAttempts(),
		Steps:    p.GetSteps(),
		Ordinals: make([]int, len(p.GetOrdinals())),
		Span:     int(p.GetSpan()),
		Stop:     p.GetStop(),
		Seed:     reasoning.Seed(p.GetSeed()),
		Sampling: wire.SamplingFromProto(p.GetSampling(), defaults),
	}
	for i, o := range p.GetOrdinals() {
		r.Ordinals[i] = int(o)
	}
	var err error
	if r.Model, err = wire.ModelFromProto(p.GetModel()); err != nil {
		return r, reasoning.Invalid("model.parameters", "must not be negative, are %d", r.Model.Parameters)
	}
	return r, nil
}

// ChildToProto turns a child into its message.
func ChildToProto(c policy.Child) *policyv1.Child {
	p := &policyv1.Child{
		Ordinal:      int32(c.Ordinal),
		Steps:        wire.StepsToProto(c.Steps),
		Finish:       wire.FinishToProto(c.Finish),
		GenerateTime: durationpb.New(c.Generate),
		Worker:       c.Worker,
		Attempt:      int32(c.Attempt),
	}
	p.Usage, p.Waste, p.Unknown = wire.CostToProto(c.Cost())
	if c.Start != (policy.Start{}) {
		p.QueueWait = durationpb.New(c.QueueWait)
	}
	return p
}

// ChildFromProto is the inverse of ChildToProto. With an error the child has its ordinal and its
// cost, as far as they are not malformed.
func ChildFromProto(p *policyv1.Child) (c policy.Child, err error) {
	c = policy.Child{Ordinal: int(p.GetOrdinal()), Start: policy.Start{Worker: p.GetWorker(), Attempt: int(p.GetAttempt())}}
	cost, err := wire.CostFromProto(p.GetUsage(), p.GetWaste(), p.GetUnknown())
	if err != nil {
		return c, err
	}
	c = c.WithCost(cost)
	if c.Steps, err = wire.StepsFromProto(p.GetSteps()); err != nil {
		return c, err
	}
	if len(c.Steps) == 0 {
		return c, wire.Malformed("child.steps", "must be at least one")
	}
	if c.Finish, err = wire.FinishFromProto(p.GetFinish()); err != nil {
		return c, err
	}
	if c.Generate, err = wire.Duration("child.generate_time", p.GetGenerateTime()); err != nil {
		return c, err
	}
	if c.QueueWait, err = wire.Duration("child.queue_wait", p.GetQueueWait()); err != nil {
		return c, err
	}
	return c, cmp.Or(wire.Count("child.ordinal", p.GetOrdinal()), wire.Count("child.attempt", p.GetAttempt()))
}

// DoneToProto turns what was wasted and is in no child into the message that ends a request.
func DoneToProto(wasted reasoning.Cost) *policyv1.Done {
	_, waste, unknown := wire.CostToProto(wasted)
	return &policyv1.Done{Waste: waste, Unknown: unknown}
}

// DoneFromProto is the inverse of DoneToProto.
func DoneFromProto(p *policyv1.Done) (reasoning.Cost, error) {
	return wire.WastedFromProto(p.GetWaste(), p.GetUnknown())
}

// StartToProto turns a start into its message.
func StartToProto(s policy.Start) *policyv1.Started {
	return &policyv1.Started{
		Worker:    s.Worker,
		Attempt:   int32(s.Attempt),
		QueueWait: durationpb.New(s.QueueWait),
	}
}

// StartFromProto is the inverse of StartToProto.
func StartFromProto(p *policyv1.Started) (policy.Start, error) {
	wait, err := wire.Duration("started.queue_wait", p.GetQueueWait())
	s := policy.Start{Worker: p.GetWorker(), Attempt: int(p.GetAttempt()), QueueWait: wait}
	return s, cmp.Or(err, wire.Count("started.attempt", p.GetAttempt()))
}
