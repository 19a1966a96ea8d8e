package difficultyrpc

import (
	"google.golang.org/protobuf/proto"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/internal/wire"
	difficultyv1 "github.com/ponder-mesh/ponder/proto/ponder/difficulty/v1"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// estimateRequestToProto turns a request into its message.
func estimateRequestToProto(r difficulty.Request) *difficultyv1.EstimateRequest {
	p := &difficultyv1.EstimateRequest{
		Tenant:   r.Tenant,
		SearchId: r.Search,
		Problem:  r.Problem,
		Seed:     uint64(r.Seed),
		Sampling: wire.SamplingToProto(r.Sampling),
		Method:   difficultyv1.Method(r.Method + 1),
		Answer:   r.Answer,
	}
	if r.AnswerKind != answer.KindAuto {
		p.AnswerKind = difficultyv1.AnswerKind(r.AnswerKind + 1)
	}
	if r.Scheme.Name != "" || len(r.Scheme.Edges) > 0 {
		p.Scheme = &difficultyv1.Scheme{Name: r.Scheme.Name, Edges: r.Scheme.Edges}
	}
	if r.MaxSamples != 0 {
		p.MaxSamples = proto.Int32(int32(r.MaxSamples))
	}
	return p
}

// estimateRequestFromProto is the inverse of estimateRequestToProto. Sampling
// parameters that p does not set are taken from defaults.
func estimateRequestFromProto(
	p *difficultyv1.EstimateRequest, defaults reasoning.Sampling,
) (difficulty.Request, error) {
	r := difficulty.Request{
		Tenant:     p.GetTenant(),
		Search:     p.GetSearchId(),
		Problem:    p.GetProblem(),
		Seed:       reasoning.Seed(p.GetSeed()),
		Sampling:   wire.SamplingFromProto(p.GetSampling(), defaults),
		MaxSamples: int(p.GetMaxSamples()),
		Method:     difficulty.Method(p.GetMethod() - 1),
		Scheme:     difficulty.Scheme{Name: p.GetScheme().GetName(), Edges: p.GetScheme().GetEdges()},
		Answer:     p.GetAnswer(),
	}
	if p.GetAnswerKind() != difficultyv1.AnswerKind_ANSWER_KIND_UNSPECIFIED {
		r.AnswerKind = answer.Kind(p.GetAnswerKind() - 1)
	}
	if p.GetMethod() == difficultyv1.Method_METHOD_UNSPECIFIED {
		r.Method = difficulty.MethodProbe
	} else if _, known := difficultyv1.Method_name[int32(p.GetMethod())]; !known {
		return r, reasoning.Invalid("method", "must be a known method, is %d", p.GetMethod())
	}
	if p.MaxSamples != nil && *p.MaxSamples == 0 { // unset means the default, an explicit 0 is invalid
		return r, reasoning.Invalid("max_samples", "must be 1 to %d, is 0", difficulty.MaxSamples)
	}
	return r, nil
}

// EstimateToProto turns an estimate into its message, without its samples.
func EstimateToProto(e difficulty.Estimate) *difficultyv1.Estimate {
	p := &difficultyv1.Estimate{
		PassRate: e.PassRate,
		Low:      e.Low,
		High:     e.High,
		Bin:      &difficultyv1.Bin{Index: int32(e.Bin), Label: e.Label, Settled: e.Settled},
		Samples:  int32(e.Samples),
		Final:    e.Final,
	}
	p.Usage, p.Waste, p.Unknown = wire.CostToProto(e.Cost())
	return p
}

// EstimateFromProto is the inverse of EstimateToProto.
func EstimateFromProto(p *difficultyv1.Estimate) (e difficulty.Estimate, err error) {
	e = difficulty.Estimate{
		PassRate: p.GetPassRate(),
		Low:      p.GetLow(),
		High:     p.GetHigh(),
		Bin:      int(p.GetBin().GetIndex()),
		Label:    p.GetBin().GetLabel(),
		Settled:  p.GetBin().GetSettled(),
		Samples:  int(p.GetSamples()),
		Final:    p.GetFinal(),
	}
	if e.Bin < 0 || e.Bin > difficulty.MaxEdges {
		return e, wire.Malformed("estimate.bin.index", "must be 0 to %d, is %d", difficulty.MaxEdges, e.Bin)
	}
	if !(0 <= e.Low && e.Low <= e.PassRate && e.PassRate <= e.High && e.High <= 1) {
		return e, wire.Malformed("estimate.pass_rate", "must be in its interval, and the interval in [0,1]: is %v in [%v,%v]",
			e.PassRate, e.Low, e.High)
	}
	cost, err := wire.CostFromProto(p.GetUsage(), p.GetWaste(), p.GetUnknown())
	if err != nil {
		return e, err
	}
	return e.WithCost(cost), wire.Count("estimate.samples", p.GetSamples())
}

// responseToProto turns an estimate with its samples into a response.
func responseToProto(e difficulty.Estimate) *difficultyv1.EstimateResponse {
	p := &difficultyv1.EstimateResponse{Estimate: EstimateToProto(e), NewSamples: make([]*policyv1.Child, len(e.New))}
	for i, c := range e.New {
		p.NewSamples[i] = policywire.ChildToProto(c)
	}
	return p
}

// responseFromProto is the inverse of responseToProto.
func responseFromProto(p *difficultyv1.EstimateResponse) (difficulty.Estimate, error) {
	e, err := EstimateFromProto(p.GetEstimate())
	if err != nil {
		return e, err
	}
	e.New = make([]policy.Child, len(p.GetNewSamples()))
	for i, c := range p.GetNewSamples() {
		if e.New[i], err = policywire.ChildFromProto(c); err != nil {
			return e, err
		}
	}
	return e, nil
}
