// Package names holds the names of Ponder's spans, attributes and instruments, for the
// packages that write spans and for those that read them. It imports nothing.
package names

// Scope is the name of the tracer and of the meter of all of Ponder.
const Scope = "github.com/ponder-mesh/ponder"

// SchemaURL is the version of OpenTelemetry's semantic conventions that spans and processes follow: the one of the SDK
// and of gRPC's instrumentation in go.mod, so that all spans of a process have one. (Version 1.45.0 renames
// messaging.system to messaging.system.name.) Names of generative AI are in conventions of their own since 1.42.0;
// those here are of their version 0.1.0.
const SchemaURL = "https://opentelemetry.io/schemas/1.43.0"

// Operation is the attribute of each span of Ponder that says what it is. The conventions have names of spans that
// contain models, strategies or streams.
const Operation = "ponder.operation"

// Values of Operation. One trace is one search: SpanSearch, below it the depths and below each the work on that depth's
// nodes. Releases without the attribute had spans of these names.
const (
	SpanSearch   = "search"
	SpanDepth    = "depth"
	SpanEstimate = "estimate"
	SpanSend     = "send"    // a job into the queue
	SpanProcess  = "process" // a job out of the queue, by a worker
	SpanGenerate = "generate"
	SpanScore    = "score"
)

// SpanName returns the name of a span: an operation and what it is done with, if that is known.
func SpanName(operation, object string) string {
	if object == "" {
		return operation
	}
	return operation + " " + object
}

// Names of events of spans.
const (
	EventPlan  = "plan"  // of a search: a plan was made
	EventChild = "child" // of a generation: a child was generated
)

// Attributes of spans. Package tracefile groups spans by Operation, SearchID and Depth.
const (
	SearchID       = "ponder.search.id"
	Strategy       = "ponder.search.strategy"
	State          = "ponder.search.state"
	PlanSource     = "ponder.plan.source"  // request, profile, rule of thumb
	PlanProfile    = "ponder.plan.profile" // its name
	PlanBin        = "ponder.plan.bin"     // the difficulty that the plan is for
	PlanReason     = "ponder.plan.reason"
	Calls          = "ponder.search.calls"        // expansions and scorings
	CallsElided    = "ponder.search.calls.elided" // calls without spans, since the search's span budget was spent
	Depth          = "ponder.depth"               // of the nodes that are generated or scored; the root's children have 1
	NodeID         = "ponder.node.id"             // the node that is expanded or scored
	Width          = "ponder.width"               // children requested
	Children       = "ponder.children"            // children received
	QueueWait      = "ponder.queue.wait"          // seconds that a job waited for a worker
	Attempt        = "ponder.job.attempt"         // from 1
	Worker         = "ponder.worker"
	LinkKind       = "ponder.link"  // how a linked span is related
	Steps          = "ponder.steps" // on a path that is scored
	ScoreMin       = "ponder.score.min"
	ScoreLast      = "ponder.score.last"
	PassRate       = "ponder.difficulty.pass_rate"
	Samples        = "ponder.difficulty.samples"
	EstimateMethod = "ponder.difficulty.method" // probe, predicted, oracle, prompt
	EstimateBin    = "ponder.difficulty.bin"
	FinishStep     = "ponder.finish.step" // children with this finish
	FinishEnd      = "ponder.finish.end"
	FinishLength   = "ponder.finish.length"
	VerifierTokens = "ponder.tokens.verifier"

	// Attributes of the event EventChild, besides GenAIOutputTokens.
	ChildOrdinal = "ponder.child.ordinal"
	ChildSeconds = "ponder.child.seconds" // that generating took; the time of the event is when the child arrived
	ChildFinish  = "ponder.child.finish"  // step, end, length

	// Texts of problems and solutions, only with telemetry.Options.Content.
	ContentProblem  = "ponder.content.problem"
	ContentAttempts = "ponder.content.attempts"
	ContentPrefix   = "ponder.content.prefix"
	ContentChild    = "ponder.content.child"
	ContentError    = "ponder.content.error"
)

// Attributes of the conventions at SchemaURL. They are literals, so that an upgrade of a module does not change them.
const (
	ServiceName       = "service.name"
	ServiceVersion    = "service.version"
	ServiceInstance   = "service.instance.id"
	ErrorType         = "error.type"
	GenAIOperation    = "gen_ai.operation.name"
	GenAIProvider     = "gen_ai.provider.name"
	GenAIAgent        = "gen_ai.agent.name" // of a search: its strategy
	GenAIModel        = "gen_ai.request.model"
	GenAIServedModel  = "gen_ai.response.model"
	GenAIMaxTokens    = "gen_ai.request.max_tokens"
	GenAITemperature  = "gen_ai.request.temperature"
	GenAITopP         = "gen_ai.request.top_p"
	GenAIChoices      = "gen_ai.request.choice.count"
	GenAIFinish       = "gen_ai.response.finish_reasons"
	GenAIInputTokens  = "gen_ai.usage.input_tokens" // cached ones included
	GenAICachedTokens = "gen_ai.usage.cache_read.input_tokens"
	GenAIOutputTokens = "gen_ai.usage.output_tokens"
	GenAITokenType    = "gen_ai.token.type"

	MessagingSystem      = "messaging.system"
	MessagingDestination = "messaging.destination.name"
	MessagingPartition   = "messaging.destination.partition.id"
	MessagingConsumer    = "messaging.consumer.group.name"
	MessagingOperation   = "messaging.operation.name"
	MessagingType        = "messaging.operation.type"
	MessagingMessageID   = "messaging.message.id"

	// Values of GenAIOperation.
	GenAICompletion = "text_completion"
	GenAIWorkflow   = "invoke_workflow"

	// Values of GenAITokenType.
	GenAITokenInput  = "input"
	GenAITokenOutput = "output"
)

// Instruments. Package telemetry has their kinds, units and labels in a table. All durations are in seconds.
const (
	PhaseDuration   = "ponder.phase.duration" // of completed work, by LabelPhase
	PhaseFailures   = "ponder.phase.failures"
	StepDuration    = "ponder.step.duration"  // from a child's request to its arrival: queue, generation, transport
	DepthDuration   = "ponder.depth.duration" // from a depth's first request to its last result: the barrier
	DepthWidth      = "ponder.depth.width"    // children requested at a depth
	ChildrenEnded   = "ponder.children"
	SearchDuration  = "ponder.search.duration"
	SearchesEnded   = "ponder.searches"
	SearchesActive  = "ponder.searches.active"
	SearchesRefused = "ponder.searches.refused"
	ProgressAge     = "ponder.search.progress.age"
	JobsEnded       = "ponder.jobs"
	JobRetries      = "ponder.job.retries"
	QueueJobs       = "ponder.queue.jobs"
	WorkerSlots     = "ponder.worker.slots"
	CallRetries     = "ponder.call.retries"
	MemoResults     = "ponder.memo.results"
	StoreFailures   = "ponder.store.failures" // results that could not be recorded
	TokensSpent     = "ponder.tokens"         // as billed to searches
	TokensWasted    = "ponder.tokens.wasted"
	TenantTokens    = "ponder.tenant.tokens" // only with Instruments.Tenants
	SpansHandled    = "ponder.trace.spans"
	BuildInfo       = "ponder.build.info"
	GenAIDuration   = "gen_ai.client.operation.duration"
	GenAITokensUsed = "gen_ai.client.token.usage"
)

// Labels of instruments, besides attributes of the conventions. Each has few values: no search, node or text is a label.
const (
	LabelPhase    = "phase" // PhaseQueue, PhaseGenerate, PhaseScore
	LabelDepth    = "depth"
	LabelStrategy = "strategy" // see Strategies
	LabelModel    = "model"    // the name that the engine reports, not the one in a request
	LabelOutcome  = "outcome"
	LabelState    = "state"
	LabelService  = "service"
	LabelKind     = "kind"
	LabelResult   = "result"
	LabelReason   = "reason"
	LabelDegraded = "degraded"
	LabelWorker   = "worker"
	LabelCause    = "cause"  // of waste: a name of reasoning.Waste.Causes, or CauseUnknown
	LabelTenant   = "tenant" // only of TenantTokens
	LabelExporter = "exporter"
	LabelVersion  = "version"
	LabelRevision = "revision"
	LabelGo       = "goversion"
)

// CauseUnknown is the value of LabelCause for what work may have cost that never reported it.
const CauseUnknown = "unknown"

// Values of LabelPhase.
const (
	PhaseQueue    = "queue"    // a job waits for a worker, until its first attempt begins
	PhaseGenerate = "generate" // an engine generates a child
	PhaseScore    = "score"    // a verifier scores a path
)

// Strategies holds the names of the strategies of package search, which are values of LabelStrategy.
var Strategies = []string{
	"greedy", "majority", "best-of-n", "beam", "lookahead", "dvts", "rebase", "mcts", "particles", "revisions",
}

// Values of LabelStrategy for work of no strategy.
const (
	StrategyPlanned  = "planned"  // of a search whose plan is not made yet
	StrategyEstimate = "estimate" // of an estimate of difficulty
	StrategyOther    = "other"    // of no search, or of an unknown strategy
)
