package profile

import (
	"github.com/ponder-mesh/ponder/internal/stats"
)

// A Validation is the cross-validated result of a budget's choice: each problem was searched
// by the arm that was chosen without it.
type Validation struct {
	Adaptive         Outcome        `json:"adaptive"`
	Uniform          Outcome        `json:"uniform"`
	Difference       stats.Interval `json:"difference"`        // of accuracy, adaptive − uniform, paired by problem
	TokensDifference stats.Interval `json:"tokens_difference"` // of generated tokens, adaptive − uniform
	WithoutReuse     Outcome        `json:"without_reuse"`     // adaptive, with the estimate's samples counted twice
	Chosen           Outcome        `json:"chosen"`            // adaptive or uniform, as Budget.Adaptive says
}

// An Outcome is an accuracy and its cost: means over problems.
type Outcome struct {
	Accuracy      stats.Interval `json:"accuracy"`
	Generated     float64        `json:"generated_tokens"`
	Verifier      float64        `json:"verifier_tokens"`
	FLOPs         float64        `json:"flops"`
	VerifierFLOPs float64        `json:"verifier_flops"` // part of FLOPs
}
