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

// A Method selects an Estimator.
type Method int

const (
	MethodProbe     Method = iota // a few samples: see Probe
	MethodPredicted               // the mean score of many samples: see Predicted
	MethodOracle                  // many samples, graded by the known answer: see Oracle
	MethodPrompt                  // no samples, only the problem's text: see Prompt
)

var methodNames = []string{"probe", "predicted", "oracle", "prompt"}

func (m Method) String() string {
	if m < 0 || int(m) >= len(methodNames) {
		return "unknown"
	}
	return methodNames[m]
}

// ParseMethod returns the method with this name.
func ParseMethod(name string) (Method, error) {
	if i := slices.Index(methodNames, name); i >= 0 {
		return Method(i), nil
	}
	return 0, reasoning.Invalid("method", "%q must be one of %v", name, methodNames)
}

// ByMethod is an Estimator that forwards each request to the estimator of its Method.
type ByMethod map[Method]Estimator

// All returns an estimator for each method that the models allow: MethodPredicted needs
// a verifier and MethodPrompt a prompt model, which may be nil.
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
		return failed(reasoning.Invalid("method", "must be one of %v, is %s", slices.Sorted(maps.Keys(e)), r.Method))
	}
	return estimator.Estimate(ctx, r)
}
