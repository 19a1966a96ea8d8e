package policy

import (
	"github.com/ponder-mesh/ponder/reasoning"
)

// ValidateSampling returns a *reasoning.InvalidError for the first rule that s breaks.
func ValidateSampling(s reasoning.Sampling) error {
	switch {
	case !(s.Temperature >= 0 && s.Temperature <= 2): // also NaN
		return reasoning.Invalid("sampling.temperature", "must be in [0,2], is %v", s.Temperature)
	case !(s.TopP > 0 && s.TopP <= 1):
		return reasoning.Invalid("sampling.top_p", "must be in (0,1], is %v", s.TopP)
	case s.MaxTokens < 1 || s.MaxTokens > MaxTokens:
		return reasoning.Invalid("sampling.max_tokens", "must be 1 to %d, is %d", MaxTokens, s.MaxTokens)
	}
	return nil
}
