package difficulty

import (
	"context"
	"iter"
)

// A Prompt estimates difficulty from the problem's text alone, without samples: its estimates
// are immediate, free and rough.
type Prompt struct {
	Model PromptModel
}

// Estimate implements Estimator with one estimate.
func (p *Prompt) Estimate(_ context.Context, r Request) iter.Seq2[Estimate, error] {
	if err := r.Validate(); err != nil {
		return failed(err)
	}
	return func(yield func(Estimate, error) bool) {
		e := Estimate{Final: true}
		e.PassRate, e.Low, e.High = p.Model.Predict(r.Problem)
		yield(e.withBin(r.scheme()), nil)
	}
}
