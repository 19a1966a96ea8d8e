package telemetry_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/reasoning"
)

// series returns the lines of /metrics that match a regular expression.
func series(metrics, expression string) []string {
	return regexp.MustCompile(`(?m)^`+expression+`.*$`).FindAllString(metrics, -1)
}

// A client that sends names of strategies and depths of its own makes no series of its own.
func TestStrangeStrategiesMakeNoSeries(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	for i := range 3000 {
		header := fmt.Sprintf("%s=evil-%d", names.Strategy, i)
		switch i % 3 {
		case 1:
			header = names.Strategy + "=beam"
		case 2:
			header = "%%%=,;" // malformed
		}
		ctx := propagation.Baggage{}.Extract(context.Background(), propagation.MapCarrier{"baggage": header})
		task := telemetry.Task{Depth: i/3 - 10, Strategy: telemetry.StrategyOf(ctx), Model: "m"}
		p.RecordPhase(ctx, names.PhaseGenerate, task, time.Second)
	}
	metrics, _ := telemetrytest.Finish(t, p)
	counts := series(metrics, `ponder_phase_duration_seconds_count`)
	if len(counts) != 2*17 || strings.Contains(metrics, "evil") {
		t.Errorf("%d series, want 17 depths of beam and other:\n%s", len(counts), strings.Join(counts, "\n"))
	}
	for _, want := range []string{`depth="16+",model="m",phase="generate",strategy="other"`, `depth="0",model="m",phase="generate",strategy="beam"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// The strategy is a member of the baggage beside those of the client, and replaces one that the client set.
func TestStrategyIsInBaggage(t *testing.T) {
	client, err := baggage.Parse("team=a," + names.Strategy + "=greedy")
	if err != nil {
		t.Fatal(err)
	}
	ctx := telemetry.WithStrategy(baggage.ContextWithBaggage(t.Context(), client), "best-of-n")
	if got := telemetry.StrategyOf(ctx); got != "best-of-n" {
		t.Errorf("strategy is %q, want best-of-n", got)
	}
	if got := baggage.FromContext(ctx).Member("team").Value(); got != "a" {
		t.Errorf("the client's member is %q, want a", got)
	}
	var members []baggage.Member
	for i := range 1000 {
		if m, err := baggage.NewMember("k"+strconv.Itoa(i), "v"); err == nil {
			members = append(members, m)
		}
	}
	full, err := baggage.New(members[:64]...)
	if err != nil {
		t.Fatal(err)
	}
	if got := telemetry.StrategyOf(telemetry.WithStrategy(baggage.ContextWithBaggage(t.Context(), full), "beam")); got != "beam" {
		t.Errorf("with a full baggage the strategy is %q, want beam", got)
	}
	if got := telemetry.StrategyOf(t.Context()); got != names.StrategyOther {
		t.Errorf("without baggage the strategy is %q, want %q", got, names.StrategyOther)
	}
}

// The phases of all depths and strategies with four models have series of their own. The negative control: those of
// many more models have not.
func TestSeriesLimit(t *testing.T) {
	strategies := append([]string{names.StrategyPlanned, names.StrategyEstimate, names.StrategyOther}, names.Strategies...)
	for _, c := range []struct {
		models   int
		overflow bool
	}{{4, false}, {16, true}} {
		p := telemetrytest.Setup(t, telemetry.Options{})
		for depth := range 17 {
			for _, strategy := range strategies {
				for model := range c.models {
					for _, phase := range []string{names.PhaseQueue, names.PhaseGenerate, names.PhaseScore} {
						task := telemetry.Task{Depth: depth, Strategy: strategy, Model: strconv.Itoa(model)}
						p.RecordPhase(t.Context(), phase, task, time.Second)
					}
				}
			}
		}
		metrics, _ := telemetrytest.Finish(t, p)
		got := len(series(metrics, `ponder_phase_duration_seconds_count`))
		if want := 17 * len(strategies) * c.models * 3; !c.overflow && got != want {
			t.Errorf("%d models: %d series, want %d", c.models, got, want)
		}
		if overflow := strings.Contains(metrics, "otel_metric_overflow"); overflow != c.overflow {
			t.Errorf("%d models: overflow %v, want %v", c.models, overflow, c.overflow)
		}
	}
}

// A measurement of work makes no attribute set: its labels are looked up.
func TestMeasurementsAllocateLittle(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	ctx, task := t.Context(), telemetry.Task{Depth: 3, Strategy: "beam", Model: "m"}
	if n := testing.AllocsPerRun(100, func() { p.RecordPhase(ctx, names.PhaseScore, task, time.Second) }); n > 2 {
		t.Errorf("RecordPhase makes %v allocations, want at most 2", n)
	}
	telemetrytest.Finish(t, p)
}

// The age is that of the search that waits longest, and 0 without searches.
func TestProgressAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p telemetry.Progress
		check := func(want float64) {
			t.Helper()
			if got := p.Age(); got != want {
				t.Errorf("the age is %v s, want %v", got, want)
			}
		}
		check(0)
		p.Begin("a")
		time.Sleep(3 * time.Second)
		p.Begin("b")
		check(3)
		p.Made("a")
		time.Sleep(time.Second)
		check(1)
		p.End("a")
		p.Made("a") // has no effect
		time.Sleep(time.Second)
		check(2)
		p.End("b")
		check(0)
	})
}

// Slots and jobs that several parts of a process expose are added, and are gone when they stop.
func TestObservedCountsAreAdded(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	stops := []func(){
		p.ObserveJobs("m", func() (int, int) { return 3, 1 }),
		p.ObserveJobs("m", func() (int, int) { return 4, 0 }),
		p.ObserveSlots("m", "w", func() (int, int) { return 60, 4 }),
	}
	metrics := telemetrytest.Scrape(t, p)
	for _, want := range []string{
		`ponder_queue_jobs{model="m",state="pending"} 7.0`, `ponder_queue_jobs{model="m",state="running"} 1.0`,
		`ponder_worker_slots{model="m",state="free",worker="w"} 60.0`, `ponder_worker_slots{model="m",state="busy",worker="w"} 4.0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	for _, stop := range stops {
		stop()
	}
	metrics, _ = telemetrytest.Finish(t, p)
	if left := series(metrics, `ponder_(queue_jobs|worker_slots)\{`); len(left) > 0 {
		t.Errorf("after they have stopped: %q", left)
	}
}

// Only the first tenants are labels, and none if the operator does not turn it on.
func TestTenantsAreBounded(t *testing.T) {
	for _, n := range []int{0, 2} {
		p := telemetrytest.Setup(t, telemetry.Options{})
		p.Tenants = n
		for i := range 100 {
			p.SpendTenant(t.Context(), fmt.Sprintf("tenant-%d", i%50), reasoning.Usage{Generated: 10, Prompt: 1})
		}
		metrics, _ := telemetrytest.Finish(t, p)
		got := series(metrics, `ponder_tenant_tokens_total\{`)
		if n == 0 && len(got) > 0 {
			t.Errorf("turned off: %q", got)
		}
		for _, want := range []string{
			`{kind="generated",tenant="tenant-0"} 20.0`, `{kind="prompt",tenant="tenant-1"} 2.0`, `{kind="generated",tenant="other"} 960.0`,
		} {
			if n > 0 && (len(got) != 6 || !strings.Contains(metrics, "ponder_tenant_tokens_total"+want)) {
				t.Errorf("%d tenants: lacks %s: %q", n, want, got)
			}
		}
	}
}

func TestBuildInfo(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{Version: "v9", Revision: "c0ffee"})
	metrics, _ := telemetrytest.Finish(t, p)
	if got := series(metrics, `ponder_build_info\{goversion="go[^"]+",revision="c0ffee",version="v9"\} 1\.0`); len(got) != 1 {
		t.Errorf("got %q, want one", series(metrics, "ponder_build_info"))
	}
}

// In OpenMetrics a name is of one metric: no counter has, without its suffix, the name of another metric.
func TestNamesAreOfOneMetric(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	metrics, _ := telemetrytest.Finish(t, p)
	seen := map[string]bool{}
	for _, line := range series(metrics, "# TYPE ") {
		name := strings.Fields(line)[2]
		if seen[name] {
			t.Errorf("%s has several types", name)
		}
		seen[name] = true
	}
	if !seen["go_memstats_alloc_bytes"] || !seen["ponder_build_info"] {
		t.Errorf("/metrics lacks metrics: %v", seen)
	}
}
