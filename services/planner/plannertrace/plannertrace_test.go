package plannertrace_test

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/internal/tracefile"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/difficulty/difficultytrace"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannertrace"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/policytrace"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertrace"
)

func provider() string { return "script" }

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "the marmalade is hidden under 4711"

// A queued backend is a policy behind a queue, in which every job waits for two seconds, and a
// verifier.
type queued struct {
	policy   policy.Policy
	verifier verifier.Verifier
	in       *telemetry.Instruments
}

func (q queued) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		time.Sleep(2 * time.Second)
		ctx, job := q.in.Tracer.Start(ctx, "process exp", trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithAttributes(attribute.String(names.SearchID, r.Search),
				attribute.Int(names.Depth, r.Depth()+1), attribute.Float64(names.QueueWait, 2)))
		defer job.End()
		for c, err := range q.policy.Expand(ctx, r) {
			c.Start = policy.Start{Worker: "w", Attempt: 1, QueueWait: 2 * time.Second}
			if !yield(c, err) {
				return
			}
		}
	}
}

func (q queued) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	return q.verifier.Score(ctx, r)
}

// run runs a search after an estimate of difficulty, with a policy and a verifier that takes a
// second per path, and ends its trace.
func run(t *testing.T, p *telemetry.Providers, s search.Strategy, steps *policytest.Script) *search.Tree {
	t.Helper()
	b := queued{
		policy:   policytrace.New(steps, provider, p.Instruments),
		verifier: verifiertrace.New(verifiertest.Steps(time.Second), p.Instruments),
		in:       p.Instruments,
	}
	ctx, traced := plannertrace.Start(t.Context(), p.Instruments, "s1", "planned")
	probe := difficultytrace.New(&difficulty.Probe{Policy: b.policy, Verifier: b.verifier}, "script", p.Instruments)
	problem := search.Problem{
		Search: "s1", Text: canary, Seed: 7, Aggregator: verifier.AggregatorMin,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
	}
	estimate := difficulty.Request{Search: "s1", Problem: canary, Seed: 7, Sampling: problem.Sampling, MaxSamples: 2}
	for _, err := range probe.Estimate(ctx, estimate) {
		if err != nil {
			t.Errorf("probe: %v", err)
		}
	}
	traced.SetModels("script", "steps")
	traced.SetPlan(plannertrace.Plan{Strategy: s.Name(), Source: "request"})
	tree := search.New(traced.Backend(b), problem)
	_, err := search.Run(ctx, tree, s)
	traced.End(plannertrace.End{State: "succeeded", Err: err})
	traced.End(plannertrace.End{State: "failed", Err: err}) // has no effect
	return tree
}

var beam = search.Beam{N: 4, M: 2, MaxLevels: 3}

func TestSearchByDepth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := telemetrytest.Setup(t, telemetry.Options{})
		steps := policytest.Steps(3, 10*time.Second)
		run(t, p, beam, steps)
		metrics, file := telemetrytest.Finish(t, p)

		summary, err := tracefile.Summarize(strings.NewReader(file), "")
		if err != nil {
			t.Fatal(err)
		}
		// All siblings are generated concurrently and scored concurrently: a level takes 2+10+1 s,
		// and the probe's whole samples 30+1 s.
		s := time.Second
		level := func(name string, jobs int) tracefile.Depth {
			return tracefile.Depth{
				Name: name, Width: 4,
				Queue:    tracefile.Quantity{Count: jobs, P50: 2 * s, P95: 2 * s, Total: time.Duration(2*jobs) * s},
				Generate: tracefile.Quantity{Count: jobs, P50: 10 * s, P95: 10 * s, Total: time.Duration(10*jobs) * s},
				Score:    tracefile.Quantity{Count: 4, P50: s, P95: s, Total: 4 * s},
				Barrier:  tracefile.Quantity{Count: 1, P50: 13 * s, P95: 13 * s, Total: 13 * s},
			}
		}
		probe := tracefile.Depth{
			Name:     "probe",
			Generate: tracefile.Quantity{Count: 1, P50: 30 * s, P95: 30 * s, Total: 30 * s},
			Score:    tracefile.Quantity{Count: 2, P50: s, P95: s, Total: 2 * s},
		}
		want := []tracefile.Depth{probe, level("1", 1), level("2", 2), level("3", 2)}
		if diff := cmp.Diff(summary.Depths, want, cmpopts.IgnoreUnexported(tracefile.Quantity{})); diff != "" {
			t.Errorf("depths (got -, want +):\n%s", diff)
		}
		first := summary.Searches[0]
		one := tracefile.Search{
			ID: "s1", Trace: first.Trace, Strategy: "beam", State: "succeeded", Start: first.Start,
			Duration: 70 * s, Spans: summary.Spans, Depths: 3,
		}
		unexported := cmpopts.IgnoreUnexported(tracefile.Search{})
		if diff := cmp.Diff(summary.Searches, []tracefile.Search{one}, unexported); diff != "" {
			t.Errorf("searches (got -, want +):\n%s", diff)
		}

		for _, line := range []string{
			`ponder_depth_duration_seconds_sum{depth="2",strategy="beam"} 13.0`,
			`ponder_step_duration_seconds_sum{depth="3",model="script",strategy="beam"} 48.0`,
			`ponder_phase_duration_seconds_sum{depth="2",model="script",phase="generate",strategy="beam"} 40.0`,
			`ponder_phase_duration_seconds_sum{depth="3",model="script",phase="score",strategy="beam"} 4.0`,
			`ponder_phase_duration_seconds_count{depth="1",model="script",phase="generate",strategy="estimate"} 2`,
			`ponder_children_total{model="script",outcome="ok",strategy="beam"} 12.0`,
			`gen_ai_client_operation_duration_seconds_sum{gen_ai_operation_name="text_completion",` +
				`gen_ai_provider_name="script",gen_ai_response_model="script"} 80.0`,
			`gen_ai_client_token_usage_count{gen_ai_operation_name="text_completion",` +
				`gen_ai_provider_name="script",gen_ai_response_model="script",gen_ai_token_type="output"} 6`,
			`ponder_depth_width_sum{depth="1",strategy="beam"} 4.0`,
			`ponder_search_duration_seconds_sum{state="succeeded",strategy="beam"} 70.0`,
			`ponder_searches_total{degraded="false",state="succeeded",strategy="beam"} 1.0`,
			`ponder_searches_active 0.0`,
			fmt.Sprintf(`ponder_tokens_total{kind="generated",model="script",service="policy",strategy="beam"} %d.0`, 3*4*4), // 4 bytes a step
			`ponder_trace_spans_total{exporter="file",state="ended"}`,
		} {
			if !strings.Contains(metrics, line) {
				t.Errorf("/metrics lacks %s", line)
			}
		}
		exemplar := regexp.MustCompile(`(?m)^ponder_step_duration_seconds_bucket\{depth="1",.*\} \d+ # ` +
			`\{.*trace_id="` + summary.Searches[0].Trace + `".*\} 12`)
		if !exemplar.MatchString(metrics) {
			t.Errorf("no bucket of steps has an exemplar of trace %s", summary.Searches[0].Trace)
		}
		if !strings.HasSuffix(metrics, "# EOF\n") {
			t.Error("/metrics is not OpenMetrics")
		}
		for name, text := range map[string]string{"metrics": metrics, "trace file": file} {
			if strings.Contains(text, canary) || strings.Contains(text, "marmalade") || strings.Contains(text, "A:") {
				t.Errorf("%s has text of the problem or of a solution", name)
			}
		}
		if strings.Contains(metrics, "s1") {
			t.Error("/metrics has the id of a search")
		}
	})
}

// A search that goes on in another planner is counted by that one, when it ends.
func TestASearchThatIsLeftIsNotCounted(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	p.Instruments.Tenants = 1
	for _, state := range []string{plannertrace.StateLeft, "succeeded"} {
		_, traced := plannertrace.Start(t.Context(), p.Instruments, "s", "beam")
		bill := reasoning.Bill{Policy: reasoning.Usage{Generated: 5}} // of a search that is resumed: of its whole life
		traced.End(plannertrace.End{State: state, Tenant: "t", Bill: bill})
	}
	metrics, file := telemetrytest.Finish(t, p)
	for _, line := range []string{
		`ponder_searches_total{degraded="false",state="succeeded",strategy="beam"} 1.0`, "ponder_searches_active 0.0",
		`ponder_tenant_tokens_total{kind="generated",tenant="t"} 5.0`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if strings.Contains(metrics, `state="left"`) || !strings.Contains(file, `"left"`) {
		t.Error("a search that is left must have a span, and must not be counted")
	}
}

func TestSpanBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := telemetrytest.Setup(t, telemetry.Options{SpanBudget: 5 * 3 /* spans of a call */})
		run(t, p, search.BestOfN{N: 8}, policytest.Steps(3, time.Second)) // 1 expansion, 8 scorings
		metrics, file := telemetrytest.Finish(t, p)
		summary, err := tracefile.Summarize(strings.NewReader(file), "")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := summary.Searches[0].Elided, 4; got != want {
			t.Errorf("elided %d calls, want %d", got, want)
		}
		level := summary.Depths[slices.IndexFunc(summary.Depths, func(d tracefile.Depth) bool { return d.Name == "1" })]
		if got, want := level.Score.Count, 4; got != want {
			t.Errorf("%d spans of scorings, want %d", got, want)
		}
		line := `ponder_phase_duration_seconds_count{depth="1",model="script",phase="score",strategy="best-of-n"} 8`
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s: elided calls must be measured", line)
		}
	})
}

func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := telemetrytest.Setup(t, telemetry.Options{})
		_, traced := plannertrace.Start(t.Context(), p.Instruments, "s", "beam")
		fails := &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
			if ordinal == 2 {
				return policytest.Reply{Delay: 2 * time.Second, Err: reasoning.ErrOverloaded}
			}
			step := reasoning.Step{Text: "1:1\n", Tokens: 4}
			child := policy.Child{Steps: []reasoning.Step{step}, Finish: reasoning.FinishStep}
			return policytest.Reply{Delay: time.Second, Child: child}
		}}
		b := traced.Backend(struct {
			policy.Policy
			verifier.Verifier
		}{policytrace.New(fails, provider, p.Instruments), verifiertest.Steps(0)})
		r := policy.Request{
			Search: "s", Problem: "p", Ordinals: []int{0, 1, 2, 3}, Span: 1,
			Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 9},
		}
		for range b.Expand(t.Context(), r) { // three children, then the error
		}
		for range b.Expand(t.Context(), r) {
			break // after one child
		}
		for range traced.Backend(short{}).Expand(t.Context(), r) { // no children, and no error
		}
		r.Node = strings.TrimSuffix(strings.Repeat("0.", 99), ".")
		for range b.Expand(t.Context(), r) {
		}
		traced.End(plannertrace.End{State: "failed", Degraded: true, Err: reasoning.ErrOverloaded})
		metrics, _ := telemetrytest.Finish(t, p)
		for _, line := range []string{
			`ponder_step_duration_seconds_count{depth="1",model="unknown",strategy="beam"} 4`,
			`ponder_step_duration_seconds_sum{depth="1",model="unknown",strategy="beam"} 4.0`,
			`ponder_step_duration_seconds_count{depth="16+",model="unknown",strategy="beam"} 3`,
			`ponder_children_total{model="unknown",outcome="ok",strategy="beam"} 7.0`,
			`ponder_children_total{model="unknown",outcome="overloaded",strategy="beam"} 2.0`,
			`ponder_children_total{model="unknown",outcome="error",strategy="beam"} 4.0`,
			`ponder_children_total{model="unknown",outcome="cancelled",strategy="beam"} 3.0`,
			`ponder_phase_failures_total{model="script",outcome="overloaded",phase="generate",strategy="beam"} 2.0`,
			`ponder_searches_total{degraded="true",state="failed",strategy="beam"} 1.0`,
		} {
			if !strings.Contains(metrics, line) {
				t.Errorf("/metrics lacks %s", line)
			}
		}
		if strings.Contains(metrics, `depth="100"`) {
			t.Error("depth is not clamped")
		}
	})
}

// short yields no children and no error.
type short struct{ search.Backend }

func (short) Expand(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
	return func(func(policy.Child, error) bool) {}
}

// The waste on the bill of a search that ended is counted by cause, with what is unknown; its tokens go to its tenant.
func TestWasteAndTenantsAreCounted(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	p.Tenants = 1
	_, traced := plannertrace.Start(t.Context(), p.Instruments, "s", "beam")
	bill := reasoning.Bill{
		Policy:  reasoning.Usage{Generated: 100, Prompt: 7},
		Waste:   reasoning.Waste{Cancelled: reasoning.Usage{Generated: 20, Prompt: 3}, Lost: reasoning.Usage{Generated: 4}},
		Unknown: reasoning.Usage{Generated: 9},
	}
	traced.End(plannertrace.End{State: "succeeded", Tenant: "bank", Bill: bill})
	metrics, _ := telemetrytest.Finish(t, p)
	for _, line := range []string{
		`ponder_tokens_wasted_total{cause="cancelled",strategy="beam"} 20.0`, `ponder_tokens_wasted_total{cause="lost",strategy="beam"} 4.0`,
		`ponder_tokens_wasted_total{cause="unknown",strategy="beam"} 9.0`,
		`ponder_tenant_tokens_total{kind="generated",tenant="bank"} 100.0`, `ponder_tenant_tokens_total{kind="prompt",tenant="bank"} 7.0`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if strings.Contains(metrics, `cause="failed"`) {
		t.Error("/metrics has a cause without waste")
	}
}

// late yields a child that cost 10 tokens, then wastes 4, and refuses scores that cost 3.
type late struct{ search.Backend }

func (late) Expand(_ context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		yield(policy.Child{Usage: reasoning.Usage{Generated: 10}}, nil)
		r.Wasted(reasoning.Cost{Usage: reasoning.Usage{Generated: 4}})
	}
}

func (late) Score(context.Context, verifier.Request) (verifier.Result, error) {
	return verifier.Failed(reasoning.Cost{Usage: reasoning.Usage{Verifier: 3}}, reasoning.ErrOverloaded), reasoning.ErrOverloaded
}

// Tokens that are billed in no child and in no score are counted, too: the counter and the bill agree.
func TestTokensAreThoseOfTheBill(t *testing.T) {
	p := telemetrytest.Setup(t, telemetry.Options{})
	_, traced := plannertrace.Start(t.Context(), p.Instruments, "s", "beam")
	meter := backend.Meter(traced.Backend(late{}), backend.Budget{}, reasoning.Model{}, reasoning.Model{})
	r := policy.Request{Search: "s", Problem: "p", Ordinals: []int{0}, Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 9}}
	for _, err := range meter.Expand(t.Context(), r) {
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := meter.Score(t.Context(), verifier.Request{}); err == nil {
		t.Error("a failed score has no error")
	}
	bill := meter.Bill()
	traced.End(plannertrace.End{State: "succeeded", Bill: bill})
	metrics, _ := telemetrytest.Finish(t, p)
	if bill.Policy.Generated != 14 || bill.Verifier.Verifier != 3 {
		t.Errorf("the bill is %+v, want 14 and 3 tokens", bill)
	}
	for _, line := range []string{
		`ponder_tokens_total{kind="generated",model="unknown",service="policy",strategy="beam"} 14.0`,
		`ponder_tokens_total{kind="verifier",model="unknown",service="verifier",strategy="beam"} 3.0`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

// Without instruments a Search measures nothing and does not panic.
func TestNoInstruments(t *testing.T) {
	_, traced := plannertrace.Start(t.Context(), nil, "s", "beam")
	traced.End(plannertrace.End{State: "succeeded"})
}

// The labels of strategies are the names of all strategies.
func TestStrategiesAreLabels(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(slices.Values(names.Strategies)), slices.Sorted(slices.Values(strategies.Names()))); diff != "" {
		t.Errorf("names.Strategies (got -, want +):\n%s", diff)
	}
}
