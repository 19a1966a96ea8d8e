package policyqueue

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/services/policy"
)

// A meter measures the jobs of a client.
type meter struct {
	in    *telemetry.Instruments
	model string
	retry metric.MeasurementOption
	by    map[string]metric.MeasurementOption // by outcome
}

// Outcomes of a job.
const (
	jobDone      = "done"      // all children came
	jobFailed    = "failed"    // no further attempt is made
	jobCancelled = "cancelled" // the client wants no more children, or its deadline has passed
)

// newMeter returns a meter of the jobs of cfg's model.
func newMeter(cfg Config) meter {
	model := attribute.String(names.LabelModel, cfg.Model.Name)
	m := meter{
		in: cfg.Telemetry, model: cfg.Model.Name, retry: metric.WithAttributes(model),
		by: make(map[string]metric.MeasurementOption),
	}
	for _, outcome := range []string{jobDone, jobFailed, jobCancelled} {
		m.by[outcome] = metric.WithAttributes(model, attribute.String(names.LabelOutcome, outcome))
		m.in.JobsEnded.Add(context.Background(), 0, m.by[outcome]) // so that a rate sees the first
	}
	m.in.JobRetries.Add(context.Background(), 0, m.retry)
	return m
}

// started measures how long the job of an attempt has waited, if the attempt is its first, and counts it otherwise: the
// wait of a later one includes the earlier ones.
func (m meter) started(ctx context.Context, r policy.Request, s policy.Start, first bool) {
	if !first {
		m.in.JobRetries.Add(ctx, 1, m.retry)
		return
	}
	m.in.RecordPhase(ctx, names.PhaseQueue,
		telemetry.Task{Depth: r.Depth() + 1, Strategy: telemetry.StrategyOf(ctx), Model: m.model}, s.QueueWait)
}

// ended counts a job that its client removes. The caller holds registry.mu.
func (m meter) ended(j *job) {
	outcome := jobCancelled
	switch {
	case len(j.missing) == 0:
		outcome = jobDone
	case j.failed:
		outcome = jobFailed
	}
	m.in.JobsEnded.Add(context.Background(), 1, m.by[outcome])
}
