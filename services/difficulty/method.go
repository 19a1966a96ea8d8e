package difficulty

import (
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Method selects an Estimator. The zero Method is MethodProbe.
type Method int

const (
	MethodProbe     Method = iota // a few samples: see Probe
	MethodPredicted               // the mean score of many samples: see Predicted
	MethodOracle                  // many samples, compared with the known answer: see Oracle
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
