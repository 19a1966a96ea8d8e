package telemetry

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

// Scope names Ponder's own spans and instruments.
const Scope = "github.com/ponder-mesh/ponder"

// Names of spans. One trace is one search: SpanSearch, below it "depth 1", "depth 2"
// and so on, and below each what was done to make and judge that depth's nodes.
const (
	SpanSearch      = "search"
	SpanDepthPrefix = "depth "
	SpanEstimate    = "estimate"
	SpanGenerate    = "generate"
	SpanScore       = "score"
)

// EventPlan is an event of a search's span: a plan was made.
const EventPlan = "plan"

// Attributes of spans. A span that works for a search carries SearchID, one that
// works on a depth carries Depth: package tracefile finds its way by them.
const (
	SearchID       = attribute.Key("ponder.search.id")
	Strategy       = attribute.Key("ponder.search.strategy")
	State          = attribute.Key("ponder.search.state")
	PlanSource     = attribute.Key("ponder.plan.source")  // request, profile, rule of thumb
	PlanProfile    = attribute.Key("ponder.plan.profile") // its name
	PlanBin        = attribute.Key("ponder.plan.bin")     // the difficulty that it is for
	PlanReason     = attribute.Key("ponder.plan.reason")
	Calls          = attribute.Key("ponder.search.calls")        // expansions and scorings
	CallsElided    = attribute.Key("ponder.search.calls.elided") // of them, those without spans: the search's span budget was spent
	Depth          = attribute.Key("ponder.depth")               // of the nodes that are made or judged; the root's children have 1
	NodeID         = attribute.Key("ponder.node.id")             // the node that is expanded or judged
	Width          = attribute.Key("ponder.width")               // children asked for
	Children       = attribute.Key("ponder.children")            // children that came
	QueueWait      = attribute.Key("ponder.queue.wait")          // seconds that a job waited for a worker
	Attempt        = attribute.Key("ponder.job.attempt")         // from 1
	Worker         = attribute.Key("ponder.worker")
	Steps          = attribute.Key("ponder.steps") // on a path that is judged
	ScoreMin       = attribute.Key("ponder.score.min")
	ScoreLast      = attribute.Key("ponder.score.last")
	PassRate       = attribute.Key("ponder.difficulty.pass_rate")
	Samples        = attribute.Key("ponder.difficulty.samples")
	EstimateMethod = attribute.Key("ponder.difficulty.method") // probe, predicted, oracle, prompt
	EstimateBin    = attribute.Key("ponder.difficulty.bin")
	FinishStep     = attribute.Key("ponder.finish.step") // children that ended so
	FinishEnd      = attribute.Key("ponder.finish.end")
	FinishCut      = attribute.Key("ponder.finish.length")
	VerifierTokens = attribute.Key("ponder.tokens.verifier")

	// Text of problems and solutions, only where Options.Content asks for it.
	ContentProblem  = attribute.Key("ponder.content.problem")
	ContentAttempts = attribute.Key("ponder.content.attempts")
	ContentPrefix   = attribute.Key("ponder.content.prefix")
	ContentChild    = attribute.Key("ponder.content.child")
	ContentError    = attribute.Key("ponder.content.error")
)

// Attributes of OpenTelemetry's semantic conventions, as of v1.41.0: the last
// version of the core with generative AI in it, before that moved to a repository
// without releases. They are written down here so that an upgrade is a decision.
const (
	serviceName       = attribute.Key("service.name")
	serviceVersion    = attribute.Key("service.version")
	ErrorType         = attribute.Key("error.type")
	GenAIOperation    = attribute.Key("gen_ai.operation.name")
	GenAIProvider     = attribute.Key("gen_ai.provider.name")
	GenAIWorkflow     = attribute.Key("gen_ai.workflow.name")
	GenAIModel        = attribute.Key("gen_ai.request.model")
	GenAIServedModel  = attribute.Key("gen_ai.response.model")
	GenAIMaxTokens    = attribute.Key("gen_ai.request.max_tokens")
	GenAITemperature  = attribute.Key("gen_ai.request.temperature")
	GenAITopP         = attribute.Key("gen_ai.request.top_p")
	GenAIChoices      = attribute.Key("gen_ai.request.choice.count")
	GenAIFinish       = attribute.Key("gen_ai.response.finish_reasons")
	GenAIInputTokens  = attribute.Key("gen_ai.usage.input_tokens")
	GenAICachedTokens = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	GenAIOutputTokens = attribute.Key("gen_ai.usage.output_tokens")

	operationCompletion = "text_completion"
	operationWorkflow   = "invoke_workflow"
)

// Instruments. All durations are in seconds.
const (
	StepDuration     = "ponder.step.duration"     // from asking for a child to having it: queue, generation, transport
	QueueWaitTime    = "ponder.queue.wait"        // of a job
	GenerateDuration = "ponder.generate.duration" // of a child, in the engine
	ScoreDuration    = "ponder.score.duration"    // of a path, in the verifier
	DepthDuration    = "ponder.depth.duration"    // from the first call for a depth's nodes to the last result: the barrier
	DepthWidth       = "ponder.depth.width"       // children asked for at a depth
	SearchDuration   = "ponder.search.duration"
	SearchesEnded    = "ponder.searches"
	SearchesActive   = "ponder.searches.active"
	TokensSpent      = "ponder.tokens" // as billed to searches; by labelService and labelKind
	SpansHandled     = "ponder.trace.spans"
)

// Labels of instruments. Each takes few values: no search, node, tenant or text is
// ever a label.
const (
	labelDepth    = attribute.Key("depth") // see depthLabel
	labelStrategy = attribute.Key("strategy")
	labelModel    = attribute.Key("model") // as the engine calls it, not as a request does
	labelOutcome  = attribute.Key("outcome")
	labelState    = attribute.Key("state")
	labelService  = attribute.Key("service")
	labelKind     = attribute.Key("kind") // generated, prompt, cached, verifier
	labelExporter = attribute.Key("exporter")
)

// maxDepthLabel is the first depth that shares its label with all deeper ones: a
// histogram costs a series for each bucket, depth and strategy.
const maxDepthLabel = 16

var depthLabels = func() (labels [maxDepthLabel + 1]attribute.KeyValue) {
	for d := range maxDepthLabel {
		labels[d] = labelDepth.String(strconv.Itoa(d))
	}
	labels[maxDepthLabel] = labelDepth.String(strconv.Itoa(maxDepthLabel) + "+")
	return labels
}()

func depthLabel(depth int) attribute.KeyValue {
	return depthLabels[min(max(depth, 0), maxDepthLabel)]
}
