package difficulty

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// ByMethod is an Estimator that routes each request to the estimator of its Method.
type ByMethod map[Method]Estimator

// All returns an estimator for each method that the models allow: MethodPredicted needs a
// verifier and MethodPrompt a prompt model. v and prompt may be nil.
func All(p policy.Policy, v verifier.Verifier, prompt *PromptModel) ByMethod {
	all := ByMethod{MethodProbe: &Probe{Policy: p, Verifier: v}, MethodOracle: &Oracle{Policy: p}}
	if v != nil {
		all[MethodPredicted] = &Predicted{Policy: p, Verifier: v}
	}
	if prompt != nil {
		all[MethodPrompt] = &Prompt{*prompt}
	}
	return all
}

// Estimate implements Estimator.
func (e ByMethod) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	estimator := e[r.Method]
	if estimator == nil {
		return failed(reasoning.Invalid("method", "must be one of %v, is %s: predicted needs a verifier, prompt a prompt model",
			slices.Sorted(maps.Keys(e)), r.Method))
	}
	return estimator.Estimate(ctx, r)
}
