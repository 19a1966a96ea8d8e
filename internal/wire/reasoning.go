package wire

import (
	"cmp"

	"google.golang.org/protobuf/proto"

	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// StepToProto turns a step into its message.
func StepToProto(s reasoning.Step) *reasoningv1.Step {
	p := &reasoningv1.Step{Text: s.Text, Tokens: int32(s.Tokens), LogProb: s.LogProb}
	if s.Scored {
		p.Score = proto.Float64(s.Score)
	}
	return p
}

// StepFromProto is the inverse of StepToProto.
func StepFromProto(p *reasoningv1.Step) (reasoning.Step, error) {
	s := reasoning.Step{
		Text:    p.GetText(),
		Tokens:  int(p.GetTokens()),
		LogProb: p.GetLogProb(),
		Score:   p.GetScore(),
		Scored:  p != nil && p.Score != nil,
	}
	switch {
	case !(s.Score >= 0 && s.Score <= 1):
		return s, Malformed("step.score", "must be in [0,1], is %v", s.Score)
	case !finite(s.LogProb):
		return s, Malformed("step.log_prob", "must be finite, is %v", s.LogProb)
	}
	return s, Count("step.tokens", p.GetTokens())
}

// StepsToProto turns each step.
func StepsToProto(steps []reasoning.Step) []*reasoningv1.Step {
	ps := make([]*reasoningv1.Step, len(steps))
	for i, s := range steps {
		ps[i] = StepToProto(s)
	}
	return ps
}

// StepsFromProto is the inverse of StepsToProto.
func StepsFromProto(ps []*reasoningv1.Step) (_ []reasoning.Step, err error) {
	steps := make([]reasoning.Step, len(ps))
	for i, p := range ps {
		if steps[i], err = StepFromProto(p); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// FinishToProto turns a finish into its enum; the numbers are the same.
func FinishToProto(f reasoning.Finish) reasoningv1.FinishReason { return reasoningv1.FinishReason(f) }

// FinishFromProto is the inverse of FinishToProto.
func FinishFromProto(p reasoningv1.FinishReason) (reasoning.Finish, error) {
	f := reasoning.Finish(p)
	if f < reasoning.FinishStep || f > reasoning.FinishLength {
		return 0, Malformed("finish", "must be a known reason, is %v", p)
	}
	return f, nil
}

// UsageToProto turns a usage into its message.
func UsageToProto(u reasoning.Usage) *reasoningv1.Usage {
	return &reasoningv1.Usage{
		GeneratedTokens: u.Generated,
		PromptTokens:    u.Prompt,
		CachedTokens:    u.Cached,
		VerifierTokens:  u.Verifier,
		Flops:           u.FLOPs,
	}
}

// UsageFromProto is the inverse of UsageToProto. It refuses negative amounts, so that
// no response can make a bill smaller.
func UsageFromProto(p *reasoningv1.Usage) (reasoning.Usage, error) {
	u := reasoning.Usage{
		Generated: p.GetGeneratedTokens(),
		Prompt:    p.GetPromptTokens(),
		Cached:    p.GetCachedTokens(),
		Verifier:  p.GetVerifierTokens(),
		FLOPs:     p.GetFlops(),
	}
	if u.FLOPs < 0 || !finite(u.FLOPs) {
		return u, Malformed("usage.flops", "must be 0 or more, is %v", u.FLOPs)
	}
	return u, cmp.Or(
		Count("usage.generated_tokens", u.Generated),
		Count("usage.prompt_tokens", u.Prompt),
		Count("usage.cached_tokens", u.Cached),
		Count("usage.verifier_tokens", u.Verifier),
	)
}

// WasteToProto turns a waste into its message, nil if there is none. Of the causes it sets those that have cost something.
func WasteToProto(w reasoning.Waste) *reasoningv1.Waste {
	if w == (reasoning.Waste{}) {
		return nil
	}
	return &reasoningv1.Waste{
		Cancelled: unlessZero(w.Cancelled),
		Failed:    unlessZero(w.Failed),
		Lost:      unlessZero(w.Lost),
		Untrusted: unlessZero(w.Untrusted),
	}
}

// WasteFromProto is the inverse of WasteToProto. It refuses negative amounts.
func WasteFromProto(p *reasoningv1.Waste) (w reasoning.Waste, err error) {
	for _, cause := range []struct {
		to   *reasoning.Usage
		from *reasoningv1.Usage
	}{{&w.Cancelled, p.GetCancelled()}, {&w.Failed, p.GetFailed()}, {&w.Lost, p.GetLost()}, {&w.Untrusted, p.GetUntrusted()}} {
		if *cause.to, err = UsageFromProto(cause.from); err != nil {
			return reasoning.Waste{}, err
		}
	}
	return w, nil
}

// CostToProto turns a cost into its three messages. Waste and unknown are nil if there is none.
func CostToProto(c reasoning.Cost) (usage *reasoningv1.Usage, waste *reasoningv1.Waste, unknown *reasoningv1.Usage) {
	return UsageToProto(c.Usage), WasteToProto(c.Waste), unlessZero(c.Unknown)
}

// CostFromProto is the inverse of CostToProto. It refuses negative amounts, and a waste that is more than the usage.
func CostFromProto(usage *reasoningv1.Usage, waste *reasoningv1.Waste, unknown *reasoningv1.Usage) (c reasoning.Cost, err error) {
	if c.Usage, err = UsageFromProto(usage); err != nil {
		return reasoning.Cost{}, err
	}
	if c.Waste, err = WasteFromProto(waste); err != nil {
		return reasoning.Cost{}, err
	}
	if c.Unknown, err = UsageFromProto(unknown); err != nil {
		return reasoning.Cost{}, err
	}
	w, u := c.Waste.Total(), c.Usage
	if w.Generated > u.Generated || w.Prompt > u.Prompt || w.Cached > u.Cached || w.Verifier > u.Verifier {
		return reasoning.Cost{}, Malformed("waste", "must be a part of the usage: is %+v of %+v", w, u)
	}
	return c, nil
}

// WastedFromProto returns the cost of work that was all wasted.
func WastedFromProto(waste *reasoningv1.Waste, unknown *reasoningv1.Usage) (reasoning.Cost, error) {
	w, err := WasteFromProto(waste)
	if err != nil {
		return reasoning.Cost{}, err
	}
	u, err := UsageFromProto(unknown)
	if err != nil {
		return reasoning.Cost{}, err
	}
	return reasoning.Wasted(w).Add(reasoning.Cost{Unknown: u}), nil
}

// unlessZero turns a usage into its message, nil if it is zero.
func unlessZero(u reasoning.Usage) *reasoningv1.Usage {
	if u == (reasoning.Usage{}) {
		return nil
	}
	return UsageToProto(u)
}

// BillToProto turns a bill into its message.
func BillToProto(b reasoning.Bill) *reasoningv1.Bill {
	return &reasoningv1.Bill{
		Policy:     UsageToProto(b.Policy),
		Verifier:   UsageToProto(b.Verifier),
		Difficulty: UsageToProto(b.Difficulty),
		Waste:      WasteToProto(b.Waste),
		Unknown:    unlessZero(b.Unknown),
	}
}

// BillFromProto is the inverse of BillToProto.
func BillFromProto(p *reasoningv1.Bill) (b reasoning.Bill, err error) {
	if b.Policy, err = UsageFromProto(p.GetPolicy()); err != nil {
		return b, err
	}
	if b.Verifier, err = UsageFromProto(p.GetVerifier()); err != nil {
		return b, err
	}
	if b.Difficulty, err = UsageFromProto(p.GetDifficulty()); err != nil {
		return b, err
	}
	if b.Waste, err = WasteFromProto(p.GetWaste()); err != nil {
		return b, err
	}
	b.Unknown, err = UsageFromProto(p.GetUnknown())
	return b, err
}

// SamplingToProto turns a sampling into its message, with every field set.
func SamplingToProto(s reasoning.Sampling) *reasoningv1.Sampling {
	return &reasoningv1.Sampling{
		Temperature: proto.Float64(s.Temperature),
		TopP:        proto.Float64(s.TopP),
		MaxTokens:   proto.Int32(int32(s.MaxTokens)),
	}
}

// SamplingFromProto is the inverse of SamplingToProto; what p does not set is taken
// from defaults.
func SamplingFromProto(p *reasoningv1.Sampling, defaults reasoning.Sampling) reasoning.Sampling {
	s := defaults
	if p == nil {
		return s
	}
	if p.Temperature != nil {
		s.Temperature = *p.Temperature
	}
	if p.TopP != nil {
		s.TopP = *p.TopP
	}
	if p.MaxTokens != nil {
		s.MaxTokens = int(*p.MaxTokens)
	}
	return s
}

// ModelToProto turns a model into its message.
func ModelToProto(m reasoning.Model) *reasoningv1.ModelIdentity {
	return &reasoningv1.ModelIdentity{
		Name:       m.Name,
		Version:    m.Version,
		Tokenizer:  m.Tokenizer,
		Template:   m.Template,
		Parameters: m.Parameters,
	}
}

// ModelFromProto is the inverse of ModelToProto.
func ModelFromProto(p *reasoningv1.ModelIdentity) (reasoning.Model, error) {
	return reasoning.Model{
		Name:       p.GetName(),
		Version:    p.GetVersion(),
		Tokenizer:  p.GetTokenizer(),
		Template:   p.GetTemplate(),
		Parameters: p.GetParameters(),
	}, Count("model.parameters", p.GetParameters())
}
