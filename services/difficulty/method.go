package difficulty

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Method is a way to estimate.
type Method int

const (
	MethodProbe     Method = iota // a few samples: see Probe
	MethodPredicted               // the mean score of many: see Predicted
	MethodOracle                  // many, against the known answer: see Oracle
	MethodPrompt                  // none, the problem's text alone: see Prompt
)

var methodNames = []string{"probe", "predicted", "oracle", "prompt"}

func (m Method) String() string {
	if m < 0 || int(m) >= len(methodNames) {
		return "unknown"
	}
	return methodNames[m]
}

// ParseMethod is the method with this name.
func ParseMethod(name string) (Method, error) {
	if i := slices.Index(methodNames, name); i >= 0 {
		return Method(i), nil
	}
	return 0, reasoning.Invalid("method", "%q must be one of %v", name, methodNames)
}

// ByMethod is the estimators of a service: a request goes to the one that it names.
type ByMethod map[Method]Estimator

// Estimate implements Estimator.
func (e ByMethod) Estimate(ctx context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	body := e[r.Method]
	if body == nil {
		return failed(reasoning.Invalid("method", "%s is not there, only %v", r.Method, slices.Sorted(maps.Keys(e))))
	}
	return body.Estimate(ctx, r)
}
