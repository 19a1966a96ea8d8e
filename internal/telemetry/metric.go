package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A Metric describes an instrument. docs/operations.md has a table of all.
type Metric struct {
	Name   string // OpenTelemetry's, such as ponder.step.duration; /metrics has ponder_step_duration_seconds
	Kind   Kind
	Unit   string // of UCUM, such as s or {token}
	Labels []string
	Help   string
}

// A Kind is a kind of instrument.
type Kind int

const (
	KindCounter   Kind = iota + 1 // a sum that only grows
	KindUpDown                    // a sum of what is there now
	KindGauge                     // a value
	KindHistogram                 // a distribution
)

// String returns the type that the kind has in OpenMetrics.
func (k Kind) String() string { return [...]string{"", "counter", "gauge", "gauge", "histogram"}[k] }

// Exposed returns the name of the metric on /metrics.
func (m Metric) Exposed() string {
	name := strings.ReplaceAll(m.Name, ".", "_")
	if m.Unit == "s" {
		name += "_seconds"
	}
	if m.Kind == KindCounter {
		name += "_total"
	}
	return name
}

// Metrics holds all instruments of Ponder.
var Metrics = []Metric{
	{names.PhaseDuration, KindHistogram, "s", []string{names.LabelPhase, names.LabelDepth, names.LabelStrategy, names.LabelModel},
		"Time of completed work: queue, until the first attempt at a job begins; generate, of a child in the engine; score, of a path in the verifier."},
	{names.PhaseFailures, KindCounter, "{failure}", []string{names.LabelPhase, names.LabelStrategy, names.LabelModel, names.LabelOutcome},
		"Requests that an engine (generate) or a verifier (score) did not complete."},
	{names.StepDuration, KindHistogram, "s", []string{names.LabelDepth, names.LabelStrategy, names.LabelModel},
		"From the request for a child to its arrival at the planner: queue, generation and transport."},
	{names.DepthDuration, KindHistogram, "s", []string{names.LabelDepth, names.LabelStrategy},
		"From the first request for a depth's nodes to the last result."},
	{names.DepthWidth, KindHistogram, "{child}", []string{names.LabelDepth, names.LabelStrategy},
		"Children requested at a depth of a search."},
	{names.ChildrenEnded, KindCounter, "{child}", []string{names.LabelStrategy, names.LabelModel, names.LabelOutcome},
		"Children that searches requested, by how the request ended; cancelled ones may never have begun."},
	{names.SearchDuration, KindHistogram, "s", []string{names.LabelStrategy, names.LabelState},
		"From a search's start to its end."},
	{names.SearchesEnded, KindCounter, "{search}", []string{names.LabelStrategy, names.LabelState, names.LabelDegraded},
		"Searches that ended; degraded ones did without something, such as the verifier."},
	{names.SearchesActive, KindUpDown, "{search}", nil,
		"Live searches."},
	{names.SearchesRefused, KindCounter, "{search}", []string{names.LabelReason},
		"Requests for a search that were refused."},
	{names.ProgressAge, KindGauge, "s", nil,
		"Age of the oldest progress of a live search: the longest time that one waits for a child, a score or an estimate; 0 without searches."},
	{names.JobsEnded, KindCounter, "{job}", []string{names.LabelModel, names.LabelOutcome},
		"Jobs of the queue that ended: done; failed; cancelled, also by a deadline."},
	{names.JobRetries, KindCounter, "{attempt}", []string{names.LabelModel},
		"Attempts at jobs that had been attempted before."},
	{names.QueueJobs, KindUpDown, "{job}", []string{names.LabelModel, names.LabelState},
		"Jobs that this process waits for: pending or running."},
	{names.WorkerSlots, KindUpDown, "{slot}", []string{names.LabelModel, names.LabelWorker, names.LabelState},
		"Sequences that a worker can generate at a time: free, or busy with a job."},
	{names.CallRetries, KindCounter, "{call}", []string{names.LabelService, names.LabelReason},
		"Failed calls of the policy or the verifier that a planner repeated."},
	{names.MemoResults, KindCounter, "{result}", []string{names.LabelKind, names.LabelResult},
		"Children and scores that searches looked up among the recorded results: hit or miss."},
	{names.StoreFailures, KindCounter, "{result}", nil,
		"Results that could not be recorded, as when a disk is full."},
	{names.TokensSpent, KindCounter, "{token}", []string{names.LabelService, names.LabelKind, names.LabelStrategy, names.LabelModel},
		"Tokens billed to searches, by the service that spent them."},
	{names.TokensWasted, KindCounter, "{token}", []string{names.LabelCause, names.LabelStrategy},
		"Generated tokens of searches that ended, for text that they did not use, by cause; unknown is an upper bound of what was never reported and is on no bill."},
	{names.TenantTokens, KindCounter, "{token}", []string{names.LabelTenant, names.LabelKind},
		"Tokens billed to searches that ended, by tenant: only with -metrics-tenants, and as other beyond so many tenants."},
	{names.GenAIDuration, KindHistogram, "s",
		[]string{names.GenAIOperation, names.GenAIProvider, names.GenAIServedModel, names.ErrorType},
		"Time of a request to the engine, which generates siblings."},
	{names.GenAITokensUsed, KindHistogram, "{token}",
		[]string{names.GenAIOperation, names.GenAIProvider, names.GenAIServedModel, names.GenAITokenType},
		"Tokens of a request to the engine."},
	{names.SpansHandled, KindCounter, "{span}", []string{names.LabelExporter, names.LabelState},
		"Spans that ended and spans that were exported; those in between are queued or were dropped."},
	{names.BuildInfo, KindGauge, "", []string{names.LabelVersion, names.LabelRevision, names.LabelGo},
		"1; the labels are the version of the process, its commit and its Go."},
}

// A maker makes the instruments that Metrics describes, and collects errors.
type maker struct {
	metric.Meter
	errs []error
}

// find returns the description of an instrument of a kind.
func (m *maker) find(name string, kind Kind) Metric {
	for _, d := range Metrics {
		if d.Name == name && d.Kind == kind {
			return d
		}
	}
	m.errs = append(m.errs, fmt.Errorf("no %v %q", kind, name))
	return Metric{}
}

// made collects the error of an instrument.
func made[T any](m *maker) func(T, error) T {
	return func(instrument T, err error) T {
		m.errs = append(m.errs, err)
		return instrument
	}
}

func (m *maker) counter(name string) metric.Int64Counter {
	d := m.find(name, KindCounter)
	return made[metric.Int64Counter](m)(m.Int64Counter(name, metric.WithUnit(d.Unit), metric.WithDescription(d.Help)))
}

func (m *maker) upDown(name string) metric.Int64UpDownCounter {
	d := m.find(name, KindUpDown)
	return made[metric.Int64UpDownCounter](m)(m.Int64UpDownCounter(name, metric.WithUnit(d.Unit), metric.WithDescription(d.Help)))
}

func (m *maker) observed(name string) metric.Int64ObservableUpDownCounter {
	d := m.find(name, KindUpDown)
	return made[metric.Int64ObservableUpDownCounter](m)(
		m.Int64ObservableUpDownCounter(name, metric.WithUnit(d.Unit), metric.WithDescription(d.Help)))
}

// gauge makes a gauge with the value that read returns.
func (m *maker) gauge(name string, read func() float64, labels ...attribute.KeyValue) {
	d := m.find(name, KindGauge)
	with := metric.WithAttributes(labels...)
	made[metric.Float64ObservableGauge](m)(m.Float64ObservableGauge(name, metric.WithUnit(d.Unit), metric.WithDescription(d.Help),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error { o.Observe(read(), with); return nil })))
}

func (m *maker) seconds(name string) Seconds {
	d := m.find(name, KindHistogram)
	return Seconds{made[metric.Float64Histogram](m)(m.Float64Histogram(name, metric.WithUnit(d.Unit),
		metric.WithDescription(d.Help), metric.WithExplicitBucketBoundaries(secondBuckets...)))}
}

func (m *maker) counts(name string, buckets []float64) metric.Int64Histogram {
	d := m.find(name, KindHistogram)
	return made[metric.Int64Histogram](m)(m.Int64Histogram(name, metric.WithUnit(d.Unit),
		metric.WithDescription(d.Help), metric.WithExplicitBucketBoundaries(buckets...)))
}

func (m *maker) err() error { return errors.Join(m.errs...) }
