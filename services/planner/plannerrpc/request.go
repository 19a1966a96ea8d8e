package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/world"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// fromRequest reads a SolveRequest. Its errors name the field; the rules about
// values are the planner's.
func fromRequest(in *plannerv1.SolveRequest) (planner.Request, error) {
	r := planner.Request{
		Tenant: in.GetTenant(), Problem: in.GetProblem(), Seed: reasoning.Seed(in.GetSeed()), IdempotencyKey: in.GetIdempotencyKey(),
		Effort: planner.Effort(in.GetEffort()),
		Budget: world.Budget{
			PolicyTokens: in.GetBudget().GetPolicyTokens(), VerifierTokens: in.GetBudget().GetVerifierTokens(), FLOPs: in.GetBudget().GetFlops(),
		},
	}
	if s := in.GetSampling(); s != nil {
		r.Temperature, r.TopP = s.Temperature, s.TopP
		if s.MaxTokens != nil {
			tokens := int(s.GetMaxTokens())
			r.MaxTokens = &tokens
		}
	}
	if d := in.GetDeadline(); d != nil {
		if !d.IsValid() {
			return r, reasoning.Invalid("deadline", "must be a time of the years 1 to 9999, with nanoseconds below a second")
		}
		r.Deadline = d.AsTime()
	}
	if in.GetEffort() < 0 || int(in.GetEffort()) >= len(plannerv1.Effort_name) {
		return r, unknown("effort", in.GetEffort())
	}
	if c := in.GetChoice(); c != plannerv1.Choice_CHOICE_UNSPECIFIED {
		choice, err := fromChoice(c)
		if err != nil {
			return r, err
		}
		r.Choice = &choice
	}
	var err error
	if in.GetStrategy() != nil {
		r.Strategy, err = fromStrategy(in.GetStrategy())
	}
	return r, err
}

// defaultWidth and defaultLevels of a beam whose request leaves them out.
const (
	defaultWidth  = 4
	defaultLevels = 40
)

func fromStrategy(in *plannerv1.Strategy) (search.Strategy, error) {
	switch kind := in.GetKind().(type) {
	case *plannerv1.Strategy_Greedy:
		return search.Greedy{}, nil
	case *plannerv1.Strategy_Majority:
		return search.Majority{N: int(kind.Majority.GetN())}, nil
	case *plannerv1.Strategy_BestOfN:
		return search.BestOfN{N: int(kind.BestOfN.GetN())}, nil
	case *plannerv1.Strategy_Beam:
		n := int(kind.Beam.GetN())
		beam := search.Beam{N: n, M: min(defaultWidth, n), MaxLevels: defaultLevels}
		if kind.Beam.M != nil {
			beam.M = int(kind.Beam.GetM())
		}
		if kind.Beam.MaxLevels != nil {
			beam.MaxLevels = int(kind.Beam.GetMaxLevels())
		}
		return beam, nil
	}
	return nil, reasoning.Invalid("strategy", "must be one of greedy, majority, best_of_n, beam")
}

func toStrategy(s search.Strategy) *plannerv1.Strategy {
	switch s := s.(type) {
	case search.Greedy:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Greedy{Greedy: &plannerv1.Greedy{}}}
	case search.Majority:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Majority{Majority: &plannerv1.Majority{N: int32(s.N)}}}
	case search.BestOfN:
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_BestOfN{BestOfN: &plannerv1.BestOfN{N: int32(s.N)}}}
	case search.Beam:
		m, levels := int32(s.M), int32(s.MaxLevels)
		return &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{N: int32(s.N), M: &m, MaxLevels: &levels}}}
	}
	return nil
}

// choices pairs the wire's choices with the domain's.
var choices = map[plannerv1.Choice]search.Choice{
	plannerv1.Choice_CHOICE_MAJORITY:  {},
	plannerv1.Choice_CHOICE_MIN_MAX:   {Aggregator: verifier.Min},
	plannerv1.Choice_CHOICE_MIN_VOTE:  {Aggregator: verifier.Min, Vote: true},
	plannerv1.Choice_CHOICE_LAST_MAX:  {Aggregator: verifier.Last},
	plannerv1.Choice_CHOICE_LAST_VOTE: {Aggregator: verifier.Last, Vote: true},
	plannerv1.Choice_CHOICE_AVG_MAX:   {Aggregator: verifier.Avg},
	plannerv1.Choice_CHOICE_AVG_VOTE:  {Aggregator: verifier.Avg, Vote: true},
	plannerv1.Choice_CHOICE_PROD_MAX:  {Aggregator: verifier.Prod},
	plannerv1.Choice_CHOICE_PROD_VOTE: {Aggregator: verifier.Prod, Vote: true},
}

func fromChoice(c plannerv1.Choice) (search.Choice, error) {
	choice, ok := choices[c]
	if !ok {
		return choice, unknown("choice", c)
	}
	return choice, nil
}

func toChoice(c search.Choice) plannerv1.Choice {
	for wire, choice := range choices {
		if choice == c {
			return wire
		}
	}
	return plannerv1.Choice_CHOICE_UNSPECIFIED
}

// ParseEffort is the effort with a person's name for it, such as "high".
func ParseEffort(name string) (plannerv1.Effort, error) {
	e, err := planner.ParseEffort(name)
	return plannerv1.Effort(e), err
}

// ParseChoice is the choice with a person's name for it, such as "prod-vote".
func ParseChoice(name string) (plannerv1.Choice, error) {
	c, err := search.ParseChoice(name)
	if err != nil { // whose choice is the zero one, which means majority
		return plannerv1.Choice_CHOICE_UNSPECIFIED, err
	}
	return toChoice(c), nil
}
