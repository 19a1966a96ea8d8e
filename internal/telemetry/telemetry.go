// Package telemetry sets up the traces and metrics of a process.
//
// [Setup] returns the providers that the standard OTEL_* variables select, with
// [Instruments]. The package depends on no service: policytrace, verifiertrace and
// difficultytrace are decorators of the services' interfaces, and plannertrace follows a
// search. Times are measured by depth, since each level of a search waits for the slowest of
// its nodes. Names are in package names. Spans have no text of a problem, except with
// Options.Content.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// Options of the telemetry of a process. Only Service is required.
type Options struct {
	Service    string       // name of the process, such as "policy"; OTEL_SERVICE_NAME wins
	Version    string       // of the build
	Revision   string       // the commit of the build
	TraceFile  string       // spans are also appended to this file, in the form of package tracefile
	SpanBudget int          // see Instruments
	Content    bool         // see Instruments; also set by OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true
	Log        *slog.Logger // for failures to export, at most one a minute; nil is slog.Default
}

// Providers holds the telemetry of a process.
type Providers struct {
	*Instruments
	Tracers    trace.TracerProvider
	Meters     metric.MeterProvider
	Propagator propagation.TextMapPropagator
	Metrics    http.Handler // serves /metrics as OpenMetrics, with exemplars
	TraceFile  string       // where spans are written; "": nowhere

	shutdown []func(context.Context) error
}

// Setup returns providers and installs them as OpenTelemetry's global ones. It returns an
// error for a variable or a file that cannot be used, and none for a collector that does not
// respond.
func Setup(ctx context.Context, o Options) (*Providers, error) {
	env, err := readEnvironment()
	if err != nil {
		return nil, err
	}
	p := &Providers{
		Tracers: tracenoop.NewTracerProvider(), Meters: metricnoop.NewMeterProvider(), Metrics: http.NotFoundHandler(),
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
	if !env.disabled {
		if err := p.start(ctx, env, o); err != nil {
			return nil, errors.Join(err, p.Shutdown(ctx))
		}
	}
	if p.Instruments, err = NewInstruments(p.Tracers, p.Meters); err == nil {
		err = observeBuild(p.Meters, o)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make instruments: %w", err), p.Shutdown(ctx))
	}
	p.SpanBudget, p.Content = o.SpanBudget, o.Content || env.content
	otel.SetTextMapPropagator(p.Propagator)
	otel.SetTracerProvider(p.Tracers)
	otel.SetMeterProvider(p.Meters)
	otel.SetErrorHandler(&errorLog{log: o.Log})
	return p, nil
}

// Shutdown exports the remaining spans and metrics and stops. ctx limits the time of the
// export, so it must not be the context whose end stops the process.
func (p *Providers) Shutdown(ctx context.Context) error {
	var errs []error
	for _, stop := range slices.Backward(p.shutdown) {
		errs = append(errs, stop(ctx))
	}
	p.shutdown = nil
	return errors.Join(errs...)
}

func (p *Providers) start(ctx context.Context, env environment, o Options) error {
	res, err := resource.New(ctx, resource.WithSchemaURL(names.SchemaURL),
		resource.WithService(), // a random service.instance.id
		resource.WithAttributes(
			attribute.String(names.ServiceName, o.Service), attribute.String(names.ServiceVersion, o.Version)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	if err != nil {
		return fmt.Errorf("describe this process to OpenTelemetry: %w", err)
	}
	if err := p.startMetrics(ctx, env, res); err != nil {
		return err
	}
	return p.startTraces(ctx, env, res, o.TraceFile)
}

// durations gives the histograms of durations of all libraries the boundaries of Ponder's: those of gRPC's calls would
// end at 10 s.
var durations = sdkmetric.NewView(
	sdkmetric.Instrument{Kind: sdkmetric.InstrumentKindHistogram, Unit: "s"},
	sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: secondBuckets}},
)

// seriesLimit is the largest number of attribute sets of an instrument; measurements with further ones are added up in a
// series with the label otel_metric_overflow. The SDK's default, 2000, is less than the phases of 17 depths, 12
// strategies and four models have.
const seriesLimit = 10_000

func (p *Providers) startMetrics(ctx context.Context, env environment, res *resource.Resource) error {
	options := []sdkmetric.Option{
		sdkmetric.WithResource(res), sdkmetric.WithView(durations), sdkmetric.WithCardinalityLimit(seriesLimit),
	}
	for _, name := range env.metrics {
		switch name {
		case exportPrometheus:
			registry := prometheus.NewRegistry()
			registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
			reader, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
			if err != nil {
				return fmt.Errorf("make the Prometheus exporter: %w", err)
			}
			options = append(options, sdkmetric.WithReader(reader))
			p.Metrics = promhttp.HandlerFor(distinct{registry}, promhttp.HandlerOpts{EnableOpenMetrics: true})
		case exportOTLP:
			exporter, err := otlpmetricgrpc.New(ctx)
			if err != nil {
				return fmt.Errorf("make the OTLP exporter of metrics: %w", err)
			}
			options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
		}
	}
	if len(env.metrics) > 0 {
		meters := sdkmetric.NewMeterProvider(options...)
		p.Meters = meters
		p.shutdown = append(p.shutdown, meters.Shutdown)
	}
	return nil
}

func (p *Providers) startTraces(ctx context.Context, env environment, res *resource.Resource, file string) error {
	if file == "" && len(env.traces) == 0 {
		return nil // without a reader no spans are made
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithRawSpanLimits(spanLimits()))
	p.Tracers = tracers
	p.shutdown = append(p.shutdown, tracers.Shutdown)
	m := &maker{Meter: p.Meters.Meter(names.Scope)}
	counter := m.counter(names.SpansHandled)
	if err := m.err(); err != nil {
		return fmt.Errorf("make the counter of spans: %w", err)
	}
	if file != "" {
		out, err := openTraceFile(file)
		if err != nil {
			return err
		}
		// A local file is fast, and tables made of it should be complete: wait rather than drop.
		tracers.RegisterSpanProcessor(batch("file", &lineExporter{out: out}, counter, sdktrace.WithBlocking()))
		p.TraceFile = file
	}
	for _, name := range env.traces {
		var exporter sdktrace.SpanExporter = &lineExporter{out: os.Stderr}
		if name == exportOTLP {
			var err error
			if exporter, err = otlptracegrpc.New(ctx); err != nil {
				return fmt.Errorf("make the OTLP exporter of traces: %w", err)
			}
		}
		tracers.RegisterSpanProcessor(batch(name, exporter, counter))
	}
	return nil
}
