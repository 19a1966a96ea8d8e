package profile

import (
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// An EstimatorConfig names a method of the difficulty service and the number of its samples.
type EstimatorConfig struct {
	Method  string `json:"method"`
	Samples int    `json:"samples,omitempty"` // maximum number
}

// SetEstimator sets in r the method, the scheme and the number of samples by which the
// profile's problems were binned.
func (p *Profile) SetEstimator(r *difficulty.Request) (err error) {
	r.MaxSamples, r.Scheme = p.Estimator.Samples, p.Scheme
	r.Method, err = difficulty.ParseMethod(p.Estimator.Method)
	return err
}

// An EstimatorQuality compares the estimates of a method with pass@1 by the oracle.
type EstimatorQuality struct {
	Method      string  `json:"method"`
	Samples     float64 `json:"samples"`      // mean per problem
	Spearman    float64 `json:"spearman"`     // rank correlation with the oracle's pass@1
	BinAccuracy float64 `json:"bin_accuracy"` // share of problems in the oracle's bin
	Generated   float64 `json:"generated_tokens"`
	Verifier    float64 `json:"verifier_tokens"`
}
