package profile

import (
	"slices"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// An Arm is a strategy with its N, and what it achieved. Costs are means over problems; in a
// bin they include the cost of the estimate, less that of the samples that the search reused.
type Arm struct {
	Strategy  string         `json:"strategy"` // "beam", or with parameters "beam:narrow=true"
	N         int            `json:"n"`
	Accuracy  stats.Interval `json:"accuracy"`
	Expected  float64        `json:"expected"` // accuracy, shrunk towards other bins and arms
	Generated float64        `json:"generated_tokens"`
	Verifier  float64        `json:"verifier_tokens"`
	FLOPs     float64        `json:"flops"`
	Seconds   float64        `json:"seconds,omitempty"` // to the answer, without other load; 0: not measured

	search search.Strategy // the strategy of Strategy and N; set by Read
	lacks  string          // why the models cannot run it; "": they can
}

// For returns p for models that cannot run every strategy: Choose takes none for which canRun
// returns an error. It returns nil if the models can run none for some problem.
func (p *Profile) For(canRun func(search.Strategy) error) *Profile {
	some := true
	mark := func(arms []Arm) []Arm {
		arms = slices.Clone(arms)
		for i := range arms {
			if err := canRun(arms[i].search); err != nil {
				arms[i].lacks = err.Error()
			}
		}
		return arms
	}
	choice := func(arms []Arm) []Arm {
		arms = mark(arms)
		some = some && slices.ContainsFunc(arms, func(a Arm) bool { return a.lacks == "" })
		return arms
	}
	own := *p
	own.All = choice(p.All)
	own.Bins = slices.Clone(p.Bins)
	for i, b := range p.Bins {
		own.Bins[i].Arms = choice(b.Arms)
	}
	own.Budgets = slices.Clone(p.Budgets)
	for i, b := range p.Budgets {
		own.Budgets[i].Uniform, own.Budgets[i].Rows = mark([]Arm{b.Uniform})[0], mark(b.Rows)
	}
	if !some {
		return nil
	}
	return &own
}

// Search returns the strategy of an arm of a profile that Read returned.
func (a Arm) Search() search.Strategy { return a.search }
