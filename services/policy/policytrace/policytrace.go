// Package policytrace traces and measures a policy.Policy.
package policytrace

import (
	"cmp"
	"context"
	"iter"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// New returns p with a span per expansion, and an event of the span and a measurement per child. It should wrap an
// engine directly, so that times are those of the model and not of queues. provider returns
// the engine's name in traces, such as "pocket" or "vllm". A nil in measures nothing.
func New(p policy.Policy, provider func() string, in *telemetry.Instruments) policy.Policy {
	return &traced{Policy: p, provider: provider, in: in.OrDiscard()}
}

type traced struct {
	policy.Policy
	provider func() string
	in       *telemetry.Instruments
	name     telemetry.ModelName
}

func (p *traced) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		start, depth, strategy := time.Now(), r.Depth()+1, telemetry.StrategyOf(ctx)
		task := func() telemetry.Task { return telemetry.Task{Depth: depth, Strategy: strategy, Model: p.name.String()} }
		ctx, span := p.in.Tracer.Start(ctx, names.SpanName(names.GenAICompletion, r.Model.Name),
			trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(p.request(r, depth)...))
		var batch batch
		var failure error
		defer func() {
			span.SetAttributes(batch.attributes()...)
			p.setEngine(span, r)
			span.End()
			p.in.RecordRequest(ctx, telemetry.GenAIRequest{
				Operation: names.GenAICompletion, Provider: p.provider(), Model: p.name.String(), Usage: batch.usage, Err: failure,
			}, time.Since(start))
		}()
		if p.in.Content {
			span.SetAttributes(attribute.String(names.ContentProblem, r.Problem),
				attribute.StringSlice(names.ContentAttempts, r.Attempts), attribute.StringSlice(names.ContentPrefix, r.Steps))
		}
		for child, err := range p.Policy.Expand(ctx, r) {
			took := time.Since(start)
			if err != nil {
				failure = err
				p.in.Fail(span, err)
				p.in.CountFailure(ctx, names.PhaseGenerate, task(), err)
				batch.usage = batch.usage.Add(child.Usage)
			} else {
				took = cmp.Or(child.Generate, took)
				batch.add(child)
				if batch.children == 1 { // the engine works, so Model succeeds, too
					p.name.Learn(func() (string, error) { m, err := p.Model(ctx); return m.Name, err })
				}
				span.AddEvent(names.EventChild, trace.WithAttributes(p.child(child, took)...))
				p.in.RecordPhase(ctx, names.PhaseGenerate, task(), took)
			}
			if !yield(child, err) {
				return
			}
		}
	}
}

// setEngine sets what a span tells of the engine, which is known only after a response: its provider and its model. The
// model is also that of a request for any model.
func (p *traced) setEngine(span trace.Span, r policy.Request) {
	span.SetAttributes(attribute.String(names.GenAIProvider, p.provider()))
	if !p.name.Known() {
		return
	}
	model := p.name.String()
	span.SetAttributes(attribute.String(names.GenAIServedModel, model))
	if r.Model.Name == "" {
		span.SetName(names.SpanName(names.GenAICompletion, model))
		span.SetAttributes(attribute.String(names.GenAIModel, model))
	}
}

// request returns the attributes of a request for children of a depth.
func (p *traced) request(r policy.Request, depth int) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.String(names.Operation, names.SpanGenerate),
		attribute.String(names.GenAIOperation, names.GenAICompletion),
		attribute.String(names.GenAIProvider, p.provider()),
		attribute.Float64(names.GenAITemperature, r.Sampling.Temperature),
		attribute.Float64(names.GenAITopP, r.Sampling.TopP),
		attribute.Int(names.GenAIMaxTokens, r.Sampling.MaxTokens),
		attribute.Int(names.GenAIChoices, len(r.Ordinals)),
		attribute.String(names.SearchID, r.Search),
		attribute.String(names.NodeID, r.Node),
		attribute.Int(names.Depth, depth),
		attribute.Int(names.Width, len(r.Ordinals)),
	}
	if r.Model.Name != "" {
		attributes = append(attributes, attribute.String(names.GenAIModel, r.Model.Name))
	}
	return attributes
}

// child returns the attributes of the event of a child that took this long.
func (p *traced) child(c policy.Child, took time.Duration) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.Int(names.ChildOrdinal, c.Ordinal),
		attribute.Float64(names.ChildSeconds, took.Seconds()),
		attribute.Int64(names.GenAIOutputTokens, c.Usage.Generated),
		attribute.String(names.ChildFinish, c.Finish.String()),
	}
	if p.in.Content {
		attributes = append(attributes, attribute.String(names.ContentChild, reasoning.Join(c.Steps)))
	}
	return attributes
}

// A batch counts the children that one expansion has yielded.
type batch struct {
	children int
	finished [reasoning.FinishLength + 1]int
	reasons  []string // of the children, as they finished
	usage    reasoning.Usage
}

func (b *batch) add(c policy.Child) {
	b.children++
	if c.Finish > 0 && int(c.Finish) < len(b.finished) {
		b.finished[c.Finish]++
	}
	b.reasons = append(b.reasons, c.Finish.String())
	b.usage = b.usage.Add(c.Usage)
}

func (b *batch) attributes() []attribute.KeyValue {
	return append(telemetry.Usage(b.usage),
		attribute.Int(names.Children, b.children),
		attribute.StringSlice(names.GenAIFinish, b.reasons),
		attribute.Int(names.FinishStep, b.finished[reasoning.FinishStep]),
		attribute.Int(names.FinishEnd, b.finished[reasoning.FinishEnd]),
		attribute.Int(names.FinishLength, b.finished[reasoning.FinishLength]))
}
