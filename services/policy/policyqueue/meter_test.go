package policyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// checkMetrics checks that /metrics has these lines.
func checkMetrics(t *testing.T, metrics string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

// A request of 32 children is four jobs. With 16 slots two of them wait for ten seconds, and the others do not wait: each
// job is one observation, whichever child arrives first.
func TestQueueWaitIsPerJob(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	var waiting, metrics string
	bubble(t, Config{Telemetry: p.Instruments}, func(t *testing.T, q *rig) {
		q.worker(t, tenSeconds(), WorkerConfig{})
		r := request("s", 32)
		r.Node = "3.1"
		ctx := telemetry.WithStrategy(t.Context(), "beam")
		done := make(chan error)
		go func() { _, _, err := collect(ctx, q, r); done <- err }()
		time.Sleep(time.Second)
		waiting = telemetrytest.Scrape(t, p)
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		metrics = telemetrytest.Scrape(t, p)
	})
	checkMetrics(t, waiting,
		`ponder_queue_jobs{model="script",state="pending"} 2.0`, `ponder_queue_jobs{model="script",state="running"} 2.0`,
		`ponder_worker_slots{model="script",state="busy",worker="worker"} 16.0`,
		`ponder_worker_slots{model="script",state="free",worker="worker"} 0.0`)
	const labels = `{depth="3",model="script",phase="queue",strategy="beam"`
	checkMetrics(t, metrics,
		`ponder_phase_duration_seconds_count`+labels+`} 4`,
		`ponder_phase_duration_seconds_bucket`+labels+`,le="5.0"} 2`,
		`ponder_phase_duration_seconds_bucket`+labels+`,le="20.0"} 4`,
		`ponder_jobs_total{model="script",outcome="done"} 4.0`,
		`ponder_queue_jobs{model="script",state="pending"} 0.0`, `ponder_queue_jobs{model="script",state="running"} 0.0`)
	telemetrytest.Finish(t, p)
}

// The wait of a second attempt includes the first: it is counted and is no observation. Jobs that fail or are called
// off are told apart, and one that never began has no wait.
func TestJobsAreCountedByOutcome(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	bubble(t, Config{Telemetry: p.Instruments, MaxAttempts: 2}, func(t *testing.T, q *rig) {
		failures := 1
		engine := script(func(_ int, reply *policytest.Reply) {
			if failures > 0 {
				failures--
				reply.Err = fmt.Errorf("hiccup")
			}
		})
		q.worker(t, engine, WorkerConfig{Slots: 8})
		q.mustExpand(t, request("retried", 1))
		failures = 2
		if _, _, err := collect(t.Context(), q, request("failed", 1)); err == nil {
			t.Error("a job whose attempts all fail has no error")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, _, err := collect(ctx, q, request("cancelled", 16)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		synctest.Wait()
	})
	metrics, _ := telemetrytest.Finish(t, p)
	checkMetrics(t, metrics,
		`ponder_jobs_total{model="script",outcome="done"} 1.0`,
		`ponder_jobs_total{model="script",outcome="failed"} 1.0`,
		`ponder_jobs_total{model="script",outcome="cancelled"} 2.0`,
		`ponder_job_retries_total{model="script"} 2.0`,
		`ponder_phase_duration_seconds_count{depth="1",model="script",phase="queue",strategy="other"} 3`) // one of the cancelled never began
}
