package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/reasoning"
)

// outcomes holds the values of LabelOutcome and LabelReason besides "ok" and "error", by the reason of the
// error. Dashboards depend on them.
var outcomes = map[string]string{
	"BUDGET_SPENT":      "spent",
	"CANCELLED":         "cancelled",
	"DEADLINE_EXCEEDED": "deadline",
	"INVALID_ARGUMENT":  "invalid",
	"UNAVAILABLE":       "unavailable",
	"OVERLOADED":        "overloaded",
	"MODEL_NOT_SERVED":  "model",
	"JOB_GIVEN_UP":      "poison",
	"BAD_SCORES":        "bad_scores",

	"NO_VERIFIER":                    "no_verifier",
	"IDEMPOTENCY_KEY_IN_USE":         "key_in_use",
	"PLANNER_STOPPING":               "stopping",
	"PLANNER_RESUMING":               "resuming",
	"JOURNAL_FULL":                   "journal_full",
	"CANCELLED_BY_CLIENT":            "cancelled",
	"TOKENS_NOT_COUNTED":             "tokens_not_counted",
	"MODEL_NOT_FOUND":                "model",
	"MODEL_SERVER_KEY_REFUSED":       "key_refused",
	"MODEL_SERVER_RESPONSE_UNUSABLE": "response",
}

func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	if e := reasoning.Classify(err); e != nil && outcomes[e.Reason()] != "" {
		return outcomes[e.Reason()]
	}
	return "error"
}

// Fail marks a span as failed if err is not nil. The text of err counts as content, as it
// may quote a prompt; the name of the outcome does not.
func (in *Instruments) Fail(span trace.Span, err error) {
	if err == nil {
		return
	}
	outcome := outcomeOf(err)
	span.SetAttributes(attribute.String(names.ErrorType, outcome))
	span.SetStatus(codes.Error, outcome)
	if in.Content {
		span.SetAttributes(attribute.String(names.ContentError, err.Error()))
	}
}
