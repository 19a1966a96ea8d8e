package telemetry

import (
	"cmp"
	"context"
	"iter"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// Policy is p with a span an expansion and a measurement a child. It belongs right
// around an engine, where time goes into the model and not into queues. The
// provider is the engine's name in traces, such as "pocket" or "vllm".
func Policy(p policy.Policy, provider string, in *Instruments) policy.Policy {
	return &tracedPolicy{Policy: p, provider: provider, in: in.orDiscard()}
}

type tracedPolicy struct {
	policy.Policy
	provider string
	in       *Instruments
	name     modelName
}

func (p *tracedPolicy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		start, depth := time.Now(), r.Depth()+1
		ctx, span := p.in.tracer.Start(ctx, SpanGenerate, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			GenAIOperation.String(operationCompletion), GenAIProvider.String(p.provider), GenAIModel.String(r.Model.Name),
			GenAITemperature.Float64(r.Sampling.Temperature), GenAITopP.Float64(r.Sampling.TopP), GenAIMaxTokens.Int(r.Sampling.MaxTokens),
			GenAIChoices.Int(len(r.Ordinals)), SearchID.String(r.Search), NodeID.String(r.Node), Depth.Int(depth), Width.Int(len(r.Ordinals))))
		var came litter
		defer func() {
			span.SetAttributes(came.attributes()...)
			span.End()
		}()
		if p.in.Content {
			span.SetAttributes(ContentProblem.String(r.Problem), ContentAttempts.StringSlice(r.Attempts), ContentPrefix.StringSlice(r.Steps))
		}
		for child, err := range p.Policy.Expand(ctx, r) {
			took := time.Since(start)
			if err != nil {
				p.in.fail(span, err)
				came.usage = came.usage.Add(child.Usage)
			} else {
				took = cmp.Or(child.Generate, took)
				came.add(child)
				if came.children == 1 { // the engine works, so it can say what it is
					p.name.learn(func() (string, error) { m, err := p.Model(ctx); return m.Name, err })
					span.SetAttributes(GenAIServedModel.String(p.name.String()))
				}
				if p.in.Content {
					span.AddEvent("child", trace.WithAttributes(ContentChild.String(reasoning.Join(child.Steps))))
				}
			}
			seconds(ctx, p.in.generate, took, depthLabel(depth), labelModel.String(p.name.String()), labelOutcome.String(outcomeOf(err)))
			if !yield(child, err) {
				return
			}
		}
	}
}

// A litter is what came of one expansion.
type litter struct {
	children int
	finished [reasoning.FinishLength + 1]int
	usage    reasoning.Usage
}

func (l *litter) add(c policy.Child) {
	l.children++
	if c.Finish > 0 && int(c.Finish) < len(l.finished) {
		l.finished[c.Finish]++
	}
	l.usage = l.usage.Add(c.Usage)
}

func (l *litter) attributes() []attribute.KeyValue {
	var reasons []string
	for f, n := range l.finished {
		if n > 0 {
			reasons = append(reasons, reasoning.Finish(f).String())
		}
	}
	return append(usage(l.usage), Children.Int(l.children), GenAIFinish.StringSlice(reasons),
		FinishStep.Int(l.finished[reasoning.FinishStep]), FinishEnd.Int(l.finished[reasoning.FinishEnd]), FinishCut.Int(l.finished[reasoning.FinishLength]))
}

func usage(u reasoning.Usage) []attribute.KeyValue {
	return []attribute.KeyValue{
		// The convention's input tokens include cached ones.
		GenAIInputTokens.Int64(u.Prompt + u.Cached), GenAICachedTokens.Int64(u.Cached),
		GenAIOutputTokens.Int64(u.Generated), VerifierTokens.Int64(u.Verifier),
	}
}

// A modelName is what an engine calls its model, once that is known. A request may
// ask for any name, so what it asks for does not become a label.
type modelName struct{ known atomic.Pointer[string] }

func (m *modelName) learn(ask func() (string, error)) {
	if m.known.Load() != nil {
		return
	}
	if name, err := ask(); err == nil {
		m.known.Store(&name)
	}
}

func (m *modelName) String() string {
	if name := m.known.Load(); name != nil {
		return *name
	}
	return "unknown"
}
