package difficulty

import (
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// All is every estimator that these models allow: Predicted wants a verifier, Prompt a
// model of texts; nil is none.
func All(p policy.Policy, v verifier.Verifier, text *PromptModel) ByMethod {
	all := ByMethod{MethodProbe: &Probe{Policy: p, Verifier: v}, MethodOracle: &Oracle{Policy: p}}
	if v != nil {
		all[MethodPredicted] = &Predicted{Policy: p, Verifier: v}
	}
	if text != nil {
		all[MethodPrompt] = &Prompt{*text}
	}
	return all
}
