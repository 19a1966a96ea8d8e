package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// fromRequest reads a SolveRequest. Its errors name the field; the rules about
// values are the planner's.
func fromRequest(in *plannerv1.SolveRequest) (planner.Request, error) {
	r := planner.Request{
		Tenant: in.GetTenant(), Problem: in.GetProblem(), Seed: reasoning.Seed(in.GetSeed()), IdempotencyKey: in.GetIdempotencyKey(),
		Effort: planner.Effort(in.GetEffort()),
		Budget: backend.Budget{
			PolicyTokens: in.GetBudget().GetPolicyTokens(), VerifierTokens: in.GetBudget().GetVerifierTokens(), FLOPs: in.GetBudget().GetFlops(),
		},
	}
	r.Samples, r.Estimate = int(in.GetBudget().GetSamples()), in.GetEstimateDifficulty()
	r.Thinking = fromThinking(in.GetThinking())
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

// choices pairs the wire's choices with the domain's.
var choices = map[plannerv1.Choice]search.Choice{
	plannerv1.Choice_CHOICE_MAJORITY:       {},
	plannerv1.Choice_CHOICE_MIN_MAX:        {By: search.ByMin},
	plannerv1.Choice_CHOICE_MIN_VOTE:       {By: search.ByMin, Vote: true},
	plannerv1.Choice_CHOICE_LAST_MAX:       {By: search.ByLast},
	plannerv1.Choice_CHOICE_LAST_VOTE:      {By: search.ByLast, Vote: true},
	plannerv1.Choice_CHOICE_AVG_MAX:        {By: search.ByAvg},
	plannerv1.Choice_CHOICE_AVG_VOTE:       {By: search.ByAvg, Vote: true},
	plannerv1.Choice_CHOICE_PROD_MAX:       {By: search.ByProd},
	plannerv1.Choice_CHOICE_PROD_VOTE:      {By: search.ByProd, Vote: true},
	plannerv1.Choice_CHOICE_ORM_MAX:        {By: search.ByORM},
	plannerv1.Choice_CHOICE_ORM_VOTE:       {By: search.ByORM, Vote: true},
	plannerv1.Choice_CHOICE_CERTAINTY_MAX:  {By: search.Certainty},
	plannerv1.Choice_CHOICE_CERTAINTY_VOTE: {By: search.Certainty, Vote: true},
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
